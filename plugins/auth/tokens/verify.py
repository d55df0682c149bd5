"""Whether a token counts: RFC 8725, by rules that its issuer has in the settings.

The token was taken apart once, strictly; nothing of it is parsed again here, so that no second
reader can see something else in it. The signature is checked by PyJWT's algorithms.
"""

import time

from msgspec import Struct

from plugins.auth.tokens.compact import Parts
from plugins.auth.tokens.errors import EXPIRED, NOT_FOR_US, UNVERIFIED, InvalidToken
from plugins.auth.tokens.jwk import Key

TOO_EARLY = "is not valid yet: compare the clocks of its issuer and of this machine"
TOO_OLD = "was issued too long ago: log in again"


class Rules(Struct, frozen=True, kw_only=True):
    """What a token of one issuer must look like."""

    issuer: str
    audiences: tuple[str, ...]
    types: frozenset[str]
    """The header's `typ`, in lower case and without `application/`; empty for none."""
    leeway: float
    """Seconds by which clocks may differ."""
    max_age: float
    """Seconds since `iat`."""


def check_header(parts: Parts, rules: Rules) -> None:
    """Raise `InvalidToken` for a token of another type, such as an ID token of OIDC."""
    if parts.header.typ.lower().removeprefix("application/") not in rules.types:
        raise InvalidToken(UNVERIFIED)


def check_signature(parts: Parts, key: Key) -> None:
    """Check the signature by the one algorithm that the key is for; raise `InvalidToken`."""
    import jwt

    algorithm = jwt.get_algorithm_by_name(key.algorithm)
    if parts.header.alg != key.algorithm or not algorithm.verify(
        parts.signed, key.public, parts.signature
    ):
        raise InvalidToken(UNVERIFIED)


def check_claims(parts: Parts, rules: Rules) -> None:
    """Check whom and when a genuine token is for; raise `InvalidToken` that says what is wrong."""
    claims = parts.registered
    audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    if claims.iss != rules.issuer or not set(rules.audiences).intersection(audiences):
        raise InvalidToken(NOT_FOR_US)
    now = time.time()
    if claims.exp <= now - rules.leeway:
        raise InvalidToken(EXPIRED)
    if max(claims.iat, claims.nbf) > now + rules.leeway:
        raise InvalidToken(TOO_EARLY)
    if claims.iat < now - rules.max_age - rules.leeway:
        raise InvalidToken(TOO_OLD)
