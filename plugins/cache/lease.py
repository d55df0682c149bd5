"""Who makes an answer that several routers are asked for at once: the others may wait for it.

Leases spare work; they are no locks. Without Redis everybody leads, and a lease ends by itself when
its holder hangs, or left while Redis was asked for it.
"""

import asyncio
import secrets
import time
from typing import NamedTuple

from plugins.cache.server import UNANSWERED
from plugins.cache.shared import SharedCache

LASTS = 10.0
"""Seconds after which a lease ends that nobody renews."""
RENEWED = 3.0
"""Seconds between two renewals."""
SHORTEST, LONGEST = 0.01, 0.2
"""Seconds between two looks of those who wait."""
GROWTH = 1.5
"""Of that pause, from look to look."""

_RENEW = (
    "if redis.call('GET', KEYS[1]) == ARGV[1]"
    " then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) else return 0 end"
)
_RELEASE = (
    "if redis.call('GET', KEYS[1]) == ARGV[1]"
    " then return redis.call('DEL', KEYS[1]) else return 0 end"
)


class Lease(NamedTuple):
    """The right to make the answer for a key, to be given back by `release`."""

    name: str
    """Of its key in Redis."""
    token: str
    """By which its holder is known."""
    keeper: asyncio.Task[None] | None
    """Renews it; nobody does if Redis does not know of it: then others may lead, too."""


class Leases:
    """Gives leases in the Redis of a cache."""

    def __init__(self, cache: SharedCache) -> None:
        self._server = cache.server
        # Beside the namespace of the cache, so that to clear it leaves leases alone.
        self._namespace = f"{cache.namespace.rstrip(':')}-lease:"

    async def take(self, key: str) -> Lease | None:
        """Return the lease for a key; `None` if another process has it.

        Whoever gets one must give it back. Without Redis, all who ask get one.
        """
        name, token = self._name(key), secrets.token_hex(16)
        (answer,) = await self._server.ask(("SET", name, token, "NX", "PX", _milliseconds(LASTS)))
        if answer is None:
            return None
        if answer is UNANSWERED:
            return Lease(name, token, None)
        keeper = asyncio.create_task(self._keep(name, token), name="renew a lease")
        return Lease(name, token, keeper)

    async def release(self, lease: Lease) -> None:
        """Give a lease back; one that has ended meanwhile may be another's, and stays."""
        if lease.keeper is not None:
            lease.keeper.cancel()
            await asyncio.gather(lease.keeper, return_exceptions=True)
            await self._server.ask(("EVAL", _RELEASE, 1, lease.name, lease.token))

    async def wait(self, key: str, seconds: float) -> bool:
        """Wait until nobody has the lease for a key; say whether it came to that.

        It did not if that takes longer, or Redis goes away.
        """
        ends = time.monotonic() + seconds
        pause = SHORTEST
        while True:
            (held,) = await self._server.ask(("EXISTS", self._name(key)))
            if held is UNANSWERED:
                return False
            if not held:
                return True
            left = ends - time.monotonic()
            if left <= 0:
                return False
            await asyncio.sleep(min(pause, left))
            pause = min(pause * GROWTH, LONGEST)

    def _name(self, key: str) -> str:
        return f"{self._namespace}{key}"

    async def _keep(self, name: str, token: str) -> None:
        while True:
            await asyncio.sleep(RENEWED)
            await self._server.ask(("EVAL", _RENEW, 1, name, token, _milliseconds(LASTS)))


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
