"""Tokens, keys and issuers for the tests of this package."""

import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from localai import Duration
from plugins.auth.grants import Grants
from plugins.auth.tokens.issuer import Issuer
from plugins.auth.tokens.store import UserStore
from plugins.auth.tokens.user import User

ISSUER = "https://issuer.example/realms/main"
AUDIENCE = "localai"

RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()
PRIVATE: dict[str, Any] = {"RS": RSA_KEY, "PS": RSA_KEY, "ES": EC_KEY, "Ed": ED_KEY}


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a good token; a change to `None` leaves one out."""
    now = int(time.time())
    fields = {
        "iss": ISSUER,
        "sub": "anna",
        "aud": AUDIENCE,
        "iat": now,
        "nbf": now,
        "exp": now + 600,
    } | changes
    return {name: value for name, value in fields.items() if value is not None}


def signed(
    algorithm: str = "RS256",
    key: Any = None,
    header: dict[str, Any] | None = None,
    **changes: Any,
) -> str:
    """Return a token with these changes to a good one's header and claims."""
    key = PRIVATE[algorithm[:2]] if key is None else key
    fields = {"typ": "at+jwt", "kid": kid_of(algorithm)} | (header or {})
    fields = {name: value for name, value in fields.items() if value is not None}
    return jwt.encode(claims(**changes), key, algorithm, headers=fields)


def kid_of(algorithm: str) -> str:
    """Return the name that the key for an algorithm has here."""
    return f"key-{algorithm}"


def jwk(algorithm: str, key: Any = None, **changes: Any) -> dict[str, Any]:
    """Return the public key for an algorithm, as issuers publish it."""
    public = (PRIVATE[algorithm[:2]] if key is None else key).public_key()
    made: dict[str, Any] = jwt.get_algorithm_by_name(algorithm).to_jwk(public, as_dict=True)
    made.pop("key_ops", None)
    fields = made | {"kid": kid_of(algorithm), "use": "sig", "alg": algorithm} | changes
    return {name: value for name, value in fields.items() if value is not None}


def by_hand(header: str, body: str, signature: bytes = b"x" * 32) -> str:
    """Return a token of exactly these texts."""
    return ".".join(part(each) for each in (header.encode(), body.encode(), signature))


def part(raw: bytes) -> str:
    """Return bytes in base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def as_json(value: Any) -> str:
    """Return the JSON of a value."""
    return json.dumps(value, separators=(",", ":"))


def an_issuer(**changes: Any) -> Issuer:
    """Return the settings of an issuer, with these changed."""
    fields: dict[str, Any] = {
        "name": "corp",
        "issuer": ISSUER,
        "jwks_url": "https://issuer.example/keys",
        "max_age": Duration(3600),
    }
    return Issuer(**(fields | changes))


async def a_user(store: UserStore, name: str = "anna", **changes: Any) -> User:
    """Add a user with these grants, whose password's hash is a text."""
    now = changes.pop("now", time.time())
    grants = Grants(**({"scopes": ("chat",)} | changes))
    return await store.create(name, "Anna A.", "anna@example.org", grants, "hash", now)


ON = "[plugins.auth.tokens]\n"
"""Settings of the plugin, which is `auth.tokens` in the chain, begin behind this."""

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For tests of a database in which no race and no type is at stake: one kind of it is enough."""
