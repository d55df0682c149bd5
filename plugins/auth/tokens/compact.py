"""A JWT in its compact form, taken apart strictly before anything in it is believed.

RFC 7515 §4 and RFC 7519 §4 leave doubled members to the reader, and base64 readers differ in what
they skip: here each has one reading only, so that no two parsers can disagree about a token.
"""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta, Struct

from plugins.auth.tokens.errors import UNVERIFIED, InvalidToken

MAX_TOKEN = 8192
"""Characters."""
LAST_SECOND = 253_402_300_799
"""The end of the year 9999, in seconds since 1970."""

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_KID = re.compile(r"[A-Za-z0-9._=+-]{1,128}")
_REFUSED = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64", "zip", "enc"})
"""Members that bring keys along, or change what is signed (RFC 7515 §4.1, RFC 7797, RFC 8725)."""

Seconds = Annotated[float, Meta(ge=0, le=LAST_SECOND)]


class Header(Struct, frozen=True):
    """What of a JOSE header is used."""

    alg: str
    typ: str = ""
    kid: str | None = None


class Registered(Struct, frozen=True):
    """The claims that every token must have (RFC 9068 §2.2), and `nbf`."""

    iss: str
    sub: str
    aud: str | list[str]
    exp: Seconds
    iat: Seconds
    nbf: Seconds = 0.0


class Parts(NamedTuple):
    """A token that has the right form; nothing of it is verified yet."""

    header: Header
    registered: Registered
    claims: dict[str, Any]
    signed: bytes
    """The text that the signature is of."""
    signature: bytes


def is_token(credential: str) -> bool:
    """Say whether a credential has the form of a signed JWT: three parts in base64url."""
    return _COMPACT.fullmatch(credential) is not None


def take_apart(token: str) -> Parts:
    """Read a token without verifying it; raise `InvalidToken` for any doubt about its form."""
    if len(token) > MAX_TOKEN or not is_token(token):
        raise InvalidToken(UNVERIFIED)
    try:
        head, body, signature = token.split(".")
        signed, signed_by = f"{head}.{body}".encode(), _bytes(signature)
        members, claims = _object(_bytes(head)), _object(_bytes(body))
        header = msgspec.convert(members, Header)
        registered = msgspec.convert(claims, Registered)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        raise InvalidToken(UNVERIFIED) from None
    if not _REFUSED.isdisjoint(members) or not (header.kid is None or _KID.fullmatch(header.kid)):
        raise InvalidToken(UNVERIFIED)
    return Parts(header, registered, claims, signed, signed_by)


def _bytes(part: str) -> bytes:
    raw = urlsafe_b64decode(part + "=" * (-len(part) % 4))
    # The last character of a part may hold bits that stand for nothing.
    if urlsafe_b64encode(raw).rstrip(b"=").decode() != part:
        raise ValueError("not canonical")
    return raw


def _object(raw: bytes) -> dict[str, Any]:
    _UNIQUE.decode(raw.decode())
    return msgspec.json.decode(raw, type=dict[str, Any])


def _once(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a member stands there twice")


_UNIQUE = json.JSONDecoder(object_pairs_hook=_once)
