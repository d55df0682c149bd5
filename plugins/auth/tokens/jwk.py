"""The public keys of an issuer, read from its JSON Web Key Set (RFC 7517) with doubt."""

from typing import Any, NamedTuple

import msgspec
import structlog
from msgspec import Struct

log = structlog.get_logger("tokens")

MOST_KEYS = 100
RSA_BITS = range(2048, 8193)
"""Below, RSA is broken soon (NIST SP 800-131A); above, one signature takes a millisecond."""

_KINDS: dict[str, tuple[str, str]] = {
    "RS": ("RSA", ""),
    "PS": ("RSA", ""),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}
"""The type and curve of key that an algorithm takes."""


class Key(NamedTuple):
    """A key with the one algorithm that it is for (RFC 8725 §3.1)."""

    kid: str | None
    algorithm: str
    public: Any


class _Set(Struct):
    keys: list[msgspec.Raw]


class _Jwk(Struct):
    """What of a JWK decides whether it is used."""

    kty: str
    kid: str | None = None
    use: str | None = None
    alg: str | None = None
    key_ops: list[str] | None = None
    crv: str = ""
    d: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


def read_keys(text: bytes, algorithms: tuple[str, ...]) -> list[Key]:
    """Return the keys of a set that fit one of the algorithms; the others are left out.

    Raises `ValueError` when the text is no key set. Takes milliseconds: call it in a thread.
    """
    import jwt

    found = msgspec.json.decode(text, type=_Set)
    keys = []
    for raw in found.keys[:MOST_KEYS]:
        try:
            key = _key(raw, algorithms)
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            log.warning("a key of an issuer is no good", reason=type(error).__name__)
            continue
        if key is not None:
            keys.append(key)
    return keys


def _key(raw: msgspec.Raw, algorithms: tuple[str, ...]) -> Key | None:
    jwk = msgspec.json.decode(raw, type=_Jwk)
    if jwk.use not in (None, "sig") or (jwk.key_ops is not None and "verify" not in jwk.key_ops):
        return None
    if jwk.d is not msgspec.UNSET:
        return None  # a private key that anybody can read signs for anybody
    algorithm = _algorithm(jwk, algorithms)
    if algorithm is None:
        return None
    from jwt import PyJWK

    public = PyJWK(msgspec.json.decode(raw), algorithm).key
    if jwk.kty == "RSA" and public.key_size not in RSA_BITS:
        return None
    return Key(jwk.kid, algorithm, public)


def _algorithm(jwk: _Jwk, algorithms: tuple[str, ...]) -> str | None:
    """Return the one algorithm for a key: its own, or the first of the settings that fits."""
    for algorithm in algorithms:
        kty, curve = _KINDS.get(algorithm) or _KINDS[algorithm[:2]]
        if jwk.kty == kty and (not curve or jwk.crv == curve) and jwk.alg in (None, algorithm):
            return algorithm
    return None
