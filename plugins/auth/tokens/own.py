"""The router's own access tokens: HS256, with keys made from one secret file (RFC 9068)."""

import hashlib
import secrets
import time
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta, Struct

from plugins.auth.tokens.compact import Parts
from plugins.auth.tokens.errors import UNVERIFIED, InvalidToken
from plugins.auth.tokens.jwk import Key
from plugins.auth.tokens.verify import Rules

ALGORITHM = "HS256"
TYPE = "at+jwt"

Text = Annotated[str, Meta(max_length=128)]


class Claims(Struct, frozen=True, kw_only=True):
    """What the router says in its tokens about their holder, besides the registered claims."""

    sub: Text
    scope: Annotated[str, Meta(max_length=4096)]
    sid: Text
    """The session that it belongs to, and ends with."""
    stamp: Text
    """The user's when it was issued; a new password or a locked account has another one."""
    tenant: str = "default"
    models: tuple[str, ...] | None = None
    """Both for the holder to read: what counts is what the user has when the token is used."""

    @property
    def scopes(self) -> frozenset[str]:
        """The scopes as a set."""
        return frozenset(self.scope.split())


class Issued(NamedTuple):
    """A token and the seconds that it counts."""

    token: str
    seconds: int


class Own:
    """Issues access tokens and reads them again."""

    def __init__(
        self,
        secret: bytes,
        *,
        issuer: str,
        audience: str,
        life: float,
        leeway: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.signing = Key(None, ALGORITHM, derive(secret, b"access"))
        self.rules = Rules(
            issuer=issuer,
            audiences=(audience,),
            types=frozenset({TYPE}),
            leeway=leeway,
            max_age=life,
        )
        self._clock = clock

    def issue(self, claims: Claims, until: float) -> Issued:
        """Sign a token that counts for the set time, or until the session ends."""
        import jwt

        now = int(self._clock())
        expires = int(min(now + self.rules.max_age, until))
        payload: dict[str, Any] = msgspec.to_builtins(claims) | {
            "iss": self.rules.issuer,
            "aud": self.rules.audiences[0],
            "iat": now,
            "nbf": now,
            "exp": expires,
            "jti": secrets.token_urlsafe(16),
        }
        token = jwt.encode(payload, self.signing.public, ALGORITHM, headers={"typ": TYPE})
        return Issued(token, max(0, expires - now))

    async def key(self, kid: str | None, algorithm: str) -> Key:
        """Return the one key that there is."""
        return self.signing

    def read(self, parts: Parts) -> Claims:
        """Return what a verified token says; raise `InvalidToken` for another one of that key."""
        try:
            return msgspec.convert(parts.claims, Claims)
        except msgspec.ValidationError:
            raise InvalidToken(UNVERIFIED) from None


def derive(secret: bytes, purpose: bytes) -> bytes:
    """Return a key for one purpose, so that no use of the secret says anything about another."""
    return hashlib.blake2b(key=secret[:64], person=purpose, digest_size=32).digest()
