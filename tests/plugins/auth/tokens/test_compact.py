"""Tokens taken apart before they are verified."""

from base64 import urlsafe_b64decode
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.auth.tokens.compact import MAX_TOKEN, is_token, take_apart
from plugins.auth.tokens.errors import InvalidToken
from tests.plugins.auth.tokens.support import as_json, by_hand, claims, part, signed

HEAD = '{"alg":"RS256","typ":"at+jwt","kid":"k1"}'


def body(**changes: Any) -> str:
    """Return claims as JSON."""
    return as_json(claims(**changes))


def test_a_good_token_is_read() -> None:
    """Header, registered claims and all other claims come out as they were signed."""
    parts = take_apart(signed(team="a", kid_is="fine"))
    assert (parts.header.alg, parts.header.typ, parts.header.kid) == (
        "RS256",
        "at+jwt",
        "key-RS256",
    )
    assert parts.registered.sub == "anna"
    assert parts.claims == claims(
        team="a", kid_is="fine", iat=parts.claims["iat"], nbf=parts.claims["nbf"]
    ) | {"exp": parts.claims["exp"]}


@pytest.mark.parametrize(
    "text",
    ["", "lai_0123456789_x_y", "a.b", "a.b.c.d", ".b.c", "a..c", "a.b.c=", "a b.c.d", "ä.b.c"],
)
def test_other_credentials_are_no_tokens(text: str) -> None:
    """A key, or anything that is not three parts of base64url, is left to others."""
    assert not is_token(text)
    with pytest.raises(InvalidToken):
        take_apart(text)


@pytest.mark.parametrize(
    "head",
    [
        '{"alg":"RS256","jku":"https://evil.example/keys"}',
        '{"alg":"RS256","jwk":{"kty":"oct","k":"AAAA"}}',
        '{"alg":"RS256","x5u":"https://evil.example/cert"}',
        '{"alg":"RS256","x5c":["AAAA"]}',
        '{"alg":"RS256","crit":["exp"],"exp":1}',
        '{"alg":"RS256","crit":["b64"],"b64":false}',
        '{"alg":"RS256","b64":false}',
        '{"alg":"RS256","zip":"DEF"}',
        '{"alg":"RS256","kid":"../../etc/passwd"}',
        '{"alg":"RS256","kid":"x\' OR 1=1 --"}',
        '{"alg":"RS256","kid":""}',
        '{"alg":"RS256","kid":"a\\u0000b"}',
        '{"alg":"RS256","kid":"' + "k" * 129 + '"}',
        '{"alg":"RS256","kid":7}',
        '{"alg":["RS256"]}',
        '{"alg":null}',
        '{"typ":"at+jwt"}',
        '{"alg":"none","alg":"RS256"}',
        '{"alg":"RS256","kid":"a","kid":"b"}',
        '{"alg":"RS256","nested":{"a":1,"a":2}}',
        '["RS256"]',
        '"RS256"',
        '{"alg":"RS256"',
        '{"alg":"RS256"} {}',
        "\ufeff" + HEAD,
        "",
    ],
)
def test_a_header_that_is_dangerous_or_in_doubt_is_refused(head: str) -> None:
    """Keys that come with the token, critical extensions, odd names and doubled members."""
    with pytest.raises(InvalidToken, match="could not be verified"):
        take_apart(by_hand(head, body()))


NUMBERS: list[Any] = [None, "", "7", True, [], {}, -1, 1e300]
TEXTS: list[Any] = [None, 7, True, ["a", 7], {}]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (name, value)
        for name in ("exp", "iat", "nbf")
        for value in NUMBERS
        if (name, value) != ("nbf", None)
    ]
    + [(name, value) for name in ("iss", "aud", "sub") for value in TEXTS]
    + [("iss", ["a"]), ("sub", ["a"])],
)
def test_a_registered_claim_that_is_missing_or_odd_is_refused(name: str, value: Any) -> None:
    """The five claims that a token must have are there, and of the right type."""
    with pytest.raises(InvalidToken):
        take_apart(by_hand(HEAD, body(**{name: value})))


@pytest.mark.parametrize(
    "text",
    [
        body()[:-1] + ',"sub":"root"}',
        body()[:-1] + ',"more":{"a":1,"a":1}}',
        body()[:-1] + ',"exp":99999999999}',
        body()[:-1] + ',"s\\u0075b":"root"}',
        body(exp=0).replace('"exp":0', '"exp":1e400'),
        body(exp=0).replace('"exp":0', '"exp":NaN'),
        body(exp=0).replace('"exp":0', '"exp":' + "9" * 5000),
        body(sub="@").replace("@", "\\ud800"),
        body()[:-1] + ',"deep":' + "[" * 2500 + "]" * 2500 + "}",
        "[]",
        "",
    ],
)
def test_claims_that_two_parsers_could_read_differently_are_refused(text: str) -> None:
    """Doubled claims, numbers that are none, lone surrogates and deep nesting are refused."""
    with pytest.raises(InvalidToken):
        take_apart(by_hand(HEAD, text))


def test_what_is_not_utf_8_is_refused() -> None:
    """Claims are text."""
    claims_ = body(sub="@").encode().replace(b"@", b"\xff")
    with pytest.raises(InvalidToken):
        take_apart(f"{part(HEAD.encode())}.{part(claims_)}.eA")


@pytest.mark.parametrize(
    ("size", "fits"), [(MAX_TOKEN, True), (MAX_TOKEN + 4, False), (9216, False)]
)
def test_a_token_of_nine_kilobytes_is_refused(size: int, fits: bool) -> None:
    """A token has at most 8192 characters."""
    for filler in range(4):
        start = by_hand(HEAD, body(sub="a" * filler), b"")
        if (size - len(start)) % 4 == 0:
            break
    token = start + "A" * (size - len(start))
    assert len(token) == size
    if fits:
        take_apart(token)
    else:
        with pytest.raises(InvalidToken):
            take_apart(token)


@given(st.data())
def test_no_two_texts_are_the_same_token(data: st.DataObject) -> None:
    """Changing one character gives a text that is refused, or that says something else."""
    token = signed("EdDSA")
    at = data.draw(st.integers(0, len(token) - 1))
    new = data.draw(st.sampled_from("ABCXYZabcxyz0189-_.=+/ é"))
    other = token[:at] + new + token[at + 1 :]
    try:
        take_apart(other)
    except InvalidToken:
        return
    assert ".".join(part(_raw(each)) for each in other.split(".")) == other


def _raw(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


TEXT = st.text(st.characters(codec="utf-8"), max_size=200)


@given(TEXT, TEXT)
def test_whatever_comes_is_read_or_refused(head: str, text: str) -> None:
    """No text makes the reader fail in any other way than by refusing it."""
    for token in (head, by_hand(head, text), by_hand(HEAD, text), f"{head}.{text}.x"):
        with suppress(InvalidToken):
            take_apart(token)
