"""Signatures and claims, by the rules of an issuer."""

import hashlib
import hmac
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from plugins.auth.tokens.compact import take_apart
from plugins.auth.tokens.errors import EXPIRED, NOT_FOR_US, UNVERIFIED, InvalidToken
from plugins.auth.tokens.jwk import Key
from plugins.auth.tokens.verify import (
    TOO_EARLY,
    TOO_OLD,
    Rules,
    check_claims,
    check_header,
    check_signature,
)
from tests.plugins.auth.tokens.support import AUDIENCE, ISSUER, RSA_KEY, by_hand, part, signed

RULES = Rules(
    issuer=ISSUER,
    audiences=(AUDIENCE, "other-name"),
    types=frozenset({"at+jwt"}),
    leeway=30,
    max_age=3600,
)
PUBLIC = RSA_KEY.public_key()


def fresh(**changes: Any) -> str:
    """Sign a token; times are seconds from now."""
    now = int(time.time())
    return signed(
        **{
            name: value + now if name in ("exp", "iat", "nbf") and value is not None else value
            for name, value in changes.items()
        }
    )


def checked(token: str, algorithm: str = "RS256", key: Any = PUBLIC) -> None:
    """Verify a token by all rules."""
    parts = take_apart(token)
    check_header(parts, RULES)
    check_signature(parts, Key(None, algorithm, key))
    check_claims(parts, RULES)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"nbf": None},
        {"aud": ["someone", "other-name"]},
        {"header": {"typ": "application/at+JWT"}},
        {"exp": -15},
        {"iat": 20, "nbf": 20},
        {"iat": -3590},
    ],
)
def test_a_good_token_counts(changes: dict[str, Any]) -> None:
    """A genuine token for this router counts, also when clocks differ by some seconds."""
    checked(fresh(**changes))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exp": -60}, EXPIRED),
        ({"exp": -31, "iat": -4000}, EXPIRED),
        ({"iat": -3700}, TOO_OLD),
        ({"iat": -1_000_000_000}, TOO_OLD),
        ({"iat": 120}, TOO_EARLY),
        ({"nbf": 120}, TOO_EARLY),
        ({"aud": "someone"}, NOT_FOR_US),
        ({"aud": ["someone", "LOCALAI"]}, NOT_FOR_US),
        ({"aud": []}, NOT_FOR_US),
        ({"iss": ISSUER + "/"}, NOT_FOR_US),
        ({"header": {"typ": "JWT"}}, UNVERIFIED),
        ({"header": {"typ": None}}, UNVERIFIED),
        ({"header": {"typ": "at+jwt "}}, UNVERIFIED),
    ],
)
def test_a_token_that_does_not_fit_is_refused(changes: dict[str, Any], reason: str) -> None:
    """Too old, too new, for somebody else, of another type: each is said as what it is."""
    with pytest.raises(InvalidToken) as caught:
        checked(fresh(**changes))
    assert str(caught.value).endswith(reason)


def test_a_token_without_a_signature_is_refused() -> None:
    """`none`, in any case, and an empty signature under a real algorithm are refused."""
    good = signed()
    for alg in ("none", "None", "NONE", ""):
        head = f'{{"alg":"{alg}","typ":"at+jwt"}}'
        for tail in ("", part(b"x")):
            token = f"{part(head.encode())}.{good.split('.')[1]}.{tail}"
            with pytest.raises(InvalidToken, match=UNVERIFIED):
                checked(token)
    with pytest.raises(InvalidToken, match=UNVERIFIED):
        checked(good.rpartition(".")[0] + ".")


def test_a_public_key_is_no_shared_secret() -> None:
    """HS256 with the text of the public key as secret is refused, in each of its forms."""
    for encoding, form in (
        (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        (serialization.Encoding.PEM, serialization.PublicFormat.PKCS1),
    ):
        secret = PUBLIC.public_bytes(encoding, form)
        start = by_hand('{"alg":"HS256","typ":"at+jwt"}', "{}", b"").split(".")[0]
        start = f"{start}.{signed().split('.')[1]}"
        token = f"{start}.{part(hmac.digest(secret, start.encode(), hashlib.sha256))}"
        with pytest.raises(InvalidToken, match=UNVERIFIED):
            checked(token)


def test_the_algorithm_is_the_keys_not_the_tokens() -> None:
    """A token signed by another algorithm of the same family is refused."""
    for algorithm in ("RS384", "PS256", "PS512"):
        with pytest.raises(InvalidToken, match=UNVERIFIED):
            checked(signed(algorithm))
        checked(signed(algorithm), algorithm)


def test_another_key_or_another_text_is_refused() -> None:
    """A signature of another key, and one of other claims, are refused."""
    head, body, signature = signed().split(".")
    other = signed(sub="root").split(".")
    for token in (
        f"{head}.{other[1]}.{signature}",
        f"{head}.{body}.{other[2]}",
        f"{head}.{body}.{part(b'x' * 256)}",
        f"{head}.{body}.{part(b'x')}",
        signed("ES256"),
        signed("EdDSA"),
        jwt.encode({}, "k" * 32, "HS256"),
    ):
        with pytest.raises(InvalidToken):
            checked(token)


def test_nothing_is_said_of_a_token_that_is_not_genuine() -> None:
    """Whether it has expired, or for whom it is, is told of genuine tokens only."""
    head, body, _ = fresh(exp=-60, aud="x").split(".")
    with pytest.raises(InvalidToken, match=UNVERIFIED):
        checked(f"{head}.{body}.{part(b'x' * 256)}")
