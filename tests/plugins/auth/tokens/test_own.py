"""The router's own tokens."""

import time

import jwt
import pytest

from plugins.auth.tokens.compact import take_apart
from plugins.auth.tokens.errors import InvalidToken
from plugins.auth.tokens.own import Claims, Own, derive
from plugins.auth.tokens.verify import check_claims, check_header, check_signature

SECRET = bytes(range(32))
ANNA = Claims(
    sub="anna", scope="chat embeddings", sid="s1", stamp="x1", tenant="lab", models=("llama*",)
)


def made(secret: bytes = SECRET, **changes: object) -> Own:
    """Return an issuer with these changes to its settings."""
    settings = {"issuer": "localai", "audience": "localai", "life": 1800.0, "leeway": 30.0}
    return Own(secret, **(settings | changes))  # type: ignore[arg-type]


def read(own: Own, token: str) -> Claims:
    """Verify a token and read it."""
    parts = take_apart(token)
    check_header(parts, own.rules)
    check_signature(parts, own.signing)
    check_claims(parts, own.rules)
    return own.read(parts)


def test_a_token_says_who_may_what_and_until_when() -> None:
    """What was issued is read again, with every claim that RFC 9068 asks for."""
    own = made()
    issued = own.issue(ANNA, time.time() + 1e6)
    assert issued.seconds == 1800
    assert read(own, issued.token) == ANNA
    assert ANNA.scopes == {"chat", "embeddings"}
    assert jwt.get_unverified_header(issued.token) == {"alg": "HS256", "typ": "at+jwt"}
    claims = take_apart(issued.token).claims
    assert {"iss", "aud", "sub", "iat", "nbf", "exp", "jti"} <= claims.keys()
    assert claims["exp"] - claims["iat"] == 1800
    assert own.issue(ANNA, time.time() + 1e6).token != issued.token


def test_a_token_ends_with_its_session() -> None:
    """Near the end of a session a token counts for what is left of it."""
    issued = made(clock=lambda: 1000.25).issue(ANNA, 1300.75)
    assert issued.seconds == 300
    assert take_apart(issued.token).claims["exp"] == 1300
    assert made(clock=lambda: 1000.25).issue(ANNA, 900).seconds == 0


def test_only_the_same_router_takes_it() -> None:
    """Another secret, issuer, audience or type of token is refused."""
    token = made().issue(ANNA, time.time() + 1e6).token
    for other in (made(bytes(32)), made(issuer="other"), made(audience="other")):
        with pytest.raises(InvalidToken):
            read(other, token)
    own = made()
    for kind in ("JWT", "rt+jwt"):
        forged = jwt.encode(take_apart(token).claims, own.signing.public, headers={"typ": kind})
        with pytest.raises(InvalidToken):
            read(own, forged)


def test_a_genuine_token_without_the_routers_claims_is_refused() -> None:
    """A token of the right key that names no session is none of an access token's kind."""
    own = made()
    claims = take_apart(own.issue(ANNA, time.time() + 1e6).token).claims
    for name in ("sid", "stamp", "scope"):
        forged = jwt.encode(
            {each: value for each, value in claims.items() if each != name},
            own.signing.public,
            headers={"typ": "at+jwt"},
        )
        with pytest.raises(InvalidToken):
            read(own, forged)


def test_each_purpose_has_its_own_key() -> None:
    """Keys made of one secret differ, are whole, and are the same at each start."""
    keys = {derive(SECRET, purpose) for purpose in (b"access", b"refresh", b"tag")}
    assert len(keys) == 3
    assert all(len(key) == 32 and key != SECRET for key in keys)
    assert derive(SECRET, b"access") == derive(SECRET, b"access") != derive(bytes(32), b"access")
