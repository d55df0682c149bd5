"""Caches in a real Redis, for tests."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from localai import Chunk
from plugins.cache.entry import Entry, Head
from plugins.cache.shared import SharedCache
from tests.servers.redis import Redis

PATIENT = 5.0
"""Seconds; for what is answered, on machines that are busy."""
HASTY = 0.1
"""Seconds; for what is not answered."""
TTL = 60.0


@asynccontextmanager
async def caching(redis: Redis, timeout: float = PATIENT, **options: Any) -> AsyncIterator[Any]:
    """Run a cache on a Redis."""
    cache = SharedCache(redis.url, timeout=timeout, **options)
    async with cache.running():
        yield cache


def entry(key: str, said: str = "hello") -> Entry:
    """Return an answer."""
    head = Head(key=key, stored_at=1.0, kind="chat")
    return Entry(head, (Chunk(content=said, done=True),))


async def scanned(cache: SharedCache, prefix: str = "", most: int = 100) -> dict[str, bytes]:
    """Return all that a scan yields."""
    found: dict[str, bytes] = {}
    async with aclosing(cache.scan(prefix, most)) as steps:
        async for step in steps:
            found.update(step)
    return found
