"""From a token to what it says: the way past every check, or from memory."""

from typing import Generic, Protocol, TypeVar

from plugins.auth.tokens import pyjwt
from plugins.auth.tokens.compact import Parts, take_apart
from plugins.auth.tokens.errors import NOT_FOR_US, InvalidToken
from plugins.auth.tokens.jwk import Key
from plugins.auth.tokens.verdicts import Verdicts, digest_of
from plugins.auth.tokens.verify import Rules, check_claims, check_header, check_signature

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Source(Protocol[T_co]):
    """An issuer of tokens: its rules, its keys, and the meaning of its claims."""

    rules: Rules

    async def key(self, kid: str | None, algorithm: str) -> Key:
        """Return the key that a token names; raise `InvalidToken` or `Unavailable`."""

    def read(self, parts: Parts) -> T_co:
        """Return what a verified token stands for; raise `InvalidToken`."""


class Verifier(Generic[T]):
    """Verifies tokens of several issuers; each verdict counts for up to a minute."""

    def __init__(self, sources: tuple[Source[T], ...], verdicts: Verdicts[T]) -> None:
        self._sources = {each.rules.issuer: each for each in sources}
        self._verdicts = verdicts

    async def verify(self, token: str) -> T:
        """Return what a token stands for; raise `InvalidToken`, or `Unavailable`."""
        digest = digest_of(token)
        verdict = self._verdicts.get(digest)
        if verdict is not None:
            return verdict
        parts = take_apart(token)
        source = self._sources.get(parts.registered.iss)
        if source is None:
            raise InvalidToken(NOT_FOR_US)
        check_header(parts, source.rules)
        await pyjwt.load()
        check_signature(parts, await source.key(parts.header.kid, parts.header.alg))
        check_claims(parts, source.rules)
        verdict = source.read(parts)
        self._verdicts.put(digest, verdict, parts.registered.exp)
        return verdict
