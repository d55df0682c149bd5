"""What was found out about tokens, for up to a minute, so that each is verified once."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

LIFE = 60.0
"""Seconds for which a verdict counts at most."""
MOST = 10_000
"""Tokens that are remembered; the one that was not seen longest goes first."""

T = TypeVar("T")


class Verdicts(Generic[T]):
    """Verdicts on genuine tokens, by the whole SHA-256 of each.

    A part of the token as key once gave one caller the rights of another (CVE-2026-35030).
    """

    def __init__(
        self,
        most: int = MOST,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._most = most
        self._clock = clock
        self._wall = wall
        self._found: OrderedDict[bytes, tuple[T, float, float]] = OrderedDict()

    def get(self, digest: bytes) -> T | None:
        """Return what was found, or `None`."""
        found = self._found.get(digest)
        if found is None:
            return None
        verdict, until, expires = found
        # The wall clock may jump back, which must not keep a verdict alive; and it may jump over
        # the token's end.
        if self._clock() >= until or self._wall() >= expires:
            del self._found[digest]
            return None
        self._found.move_to_end(digest)
        return verdict

    def put(self, digest: bytes, verdict: T, expires: float) -> None:
        """Remember a verdict on a token that expires at this second since 1970."""
        self._found[digest] = (verdict, self._clock() + LIFE, expires)
        self._found.move_to_end(digest)
        if len(self._found) > self._most:
            self._found.popitem(last=False)

    def __len__(self) -> int:
        return len(self._found)


def digest_of(token: str) -> bytes:
    """Return the key of a token."""
    return hashlib.sha256(token.encode()).digest()
