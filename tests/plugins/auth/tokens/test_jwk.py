"""Key sets, read with doubt."""

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from plugins.auth.tokens.jwk import MOST_KEYS, read_keys
from tests.plugins.auth.tokens.support import as_json, jwk

ALL = ("RS256", "RS384", "PS256", "ES256", "ES384", "EdDSA")


def read(*keys: Any, algorithms: tuple[str, ...] = ALL) -> list[tuple[str | None, str]]:
    """Return names and algorithms of the keys that are taken from a set."""
    found = read_keys(as_json({"keys": keys}).encode(), algorithms)
    return [(key.kid, key.algorithm) for key in found]


def test_keys_of_each_kind_are_read() -> None:
    """RSA, EC and Ed25519 keys come with the one algorithm that each is for."""
    assert read(jwk("RS256"), jwk("PS256"), jwk("ES256"), jwk("EdDSA")) == [
        ("key-RS256", "RS256"),
        ("key-PS256", "PS256"),
        ("key-ES256", "ES256"),
        ("key-EdDSA", "EdDSA"),
    ]


def test_a_key_that_names_no_algorithm_is_for_the_first_that_fits() -> None:
    """The order of the settings decides, and the key's type and curve."""
    bare = {"alg": None, "use": None}
    assert read(jwk("RS256", **bare), jwk("ES256", **bare), jwk("EdDSA", **bare)) == [
        ("key-RS256", "RS256"),
        ("key-ES256", "ES256"),
        ("key-EdDSA", "EdDSA"),
    ]
    assert read(jwk("RS256", **bare), algorithms=("ES256", "PS256")) == [("key-RS256", "PS256")]
    assert read(jwk("RS256", kid=None, **bare)) == [(None, "RS256")]


SMALL = rsa.generate_private_key(65537, 1024)
OTHER_CURVE = ec.generate_private_key(ec.SECP256K1())


@pytest.mark.parametrize(
    "key",
    [
        jwk("RS256", SMALL),
        jwk("RS256", use="enc"),
        jwk("RS256", key_ops=["sign"]),
        jwk("RS256", alg="RS512"),
        jwk("RS256", alg="HS256"),
        jwk("RS256", alg="none"),
        jwk("RS256", kty="oct", k="AAAA"),
        jwk("RS256", kty="EC"),
        jwk("RS256", d="AAAA"),
        jwk("RS256", n=""),
        jwk("RS256", n="AQ"),
        jwk("RS256", e="AA"),
        jwk("RS256", n="A" * 1600),
        jwk("RS256", n="_" * 100_000),
        jwk("RS256", n=7),
        jwk("RS256", kid=7),
        jwk("ES256", crv="P-384"),
        jwk("ES256", x="AAAA"),
        jwk("ES256", x="A" * 43),
        jwk("ES256", OTHER_CURVE),
        jwk("EdDSA", crv="Ed448"),
        jwk("EdDSA", x=""),
        {"kty": "oct", "k": "A" * 43, "alg": "HS256", "kid": "shared"},
        {},
        [],
        "key",
        None,
        7,
    ],
)
def test_a_key_that_is_no_good_is_left_out(key: Any) -> None:
    """Small, private, for something else, or nonsense: the other keys of the set still count."""
    with capture_logs():
        assert read(key, jwk("EdDSA")) == [("key-EdDSA", "EdDSA")]


def test_what_is_said_of_a_bad_key_has_nothing_of_it() -> None:
    """The log names the kind of fault, not what the issuer sent."""
    with capture_logs() as entries:
        read(jwk("RS256", e="canary"), jwk("ES256", x="canary"), jwk("ES256", crv=["canary"]))
    assert entries
    assert "canary" not in str(entries)


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b'{"keys":{}}', b'{"keys":', b"\xff", b"<html>"]
)
def test_what_is_no_key_set_is_refused(text: bytes) -> None:
    """An error page is not taken for a set without keys."""
    with pytest.raises(msgspec.DecodeError):
        read_keys(text, ALL)


def test_a_set_is_read_up_to_a_bound() -> None:
    """Of a set with very many keys the first hundred are taken."""
    keys = [jwk("EdDSA", kid=f"k{number}") for number in range(MOST_KEYS + 20)]
    assert len(read(*keys)) == MOST_KEYS


@given(st.binary(max_size=300))
def test_whatever_comes_is_read_or_refused(text: bytes) -> None:
    """No bytes make the reader fail in any other way."""
    with suppress(msgspec.DecodeError):
        assert read_keys(text, ALL) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda each: (
        st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each, max_size=3)
    ),
    max_leaves=5,
)
MEMBERS = st.sampled_from(["kty", "kid", "use", "alg", "key_ops", "crv", "n", "e", "x", "y", "d"])


@given(st.sampled_from(["RS256", "ES256", "EdDSA"]), MEMBERS, JSON)
def test_whatever_stands_in_a_key_is_taken_or_left_out(kind: str, name: str, value: Any) -> None:
    """No value in a member of a key makes the reader fail, or lets a private key in."""
    with capture_logs():
        found = read(jwk(kind) | {name: value})
    assert len(found) <= 1
    if name == "d":
        assert not found
