"""Vectors that are kept with their answers, read back: after a restart, and from other routers."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing

import structlog

from plugins.cache.keeping import Keeping
from plugins.cache.semantic.partitions import Partitions
from plugins.cache.semantic.question import PREFIX, partition_in
from plugins.cache.semantic.vectors import from_bytes
from plugins.cache.store import Store

log = structlog.get_logger("cache")

AT_ONCE = 16
"""Answers that are read between two turns of others; these take 0.5 ms."""
MOST_KEYS = 200_000
"""Keys that are looked at; what is beyond these is not found again."""


class Rereading:
    """Looks every `interval` seconds for answers that are not in the indexes, and reads each once.

    What an index has no room for any more is not read again.
    """

    def __init__(
        self, partitions: Partitions, keeping: Callable[[], Keeping | None], interval: float
    ) -> None:
        self._partitions = partitions
        self._keeping = keeping
        self._interval = interval
        self._seen: set[str] = set()
        """Keys that were there when it looked last."""

    async def run(self) -> None:
        """Read, now and from then on; with an interval of 0, only now."""
        while True:
            try:
                await self.read()
            except Exception:
                log.exception("kept questions could not be read")
            if not self._interval:
                return
            await asyncio.sleep(self._interval)

    async def read(self) -> None:
        """Read what is new."""
        keeping = self._keeping()
        if keeping is None:
            return
        seen: set[str] = set()
        async with aclosing(keeping.store.backend.scan(PREFIX, 1)) as steps:
            async for step in steps:
                keys = [key for key, _ in step]
                new = [key for key in keys if not (key in self._seen or self._partitions.has(key))]
                for start in range(0, len(new), AT_ONCE):
                    await self._add(keeping.store, new[start : start + AT_ONCE])
                    await asyncio.sleep(0)
                seen.update(keys)
                if len(seen) >= MOST_KEYS:
                    break
        self._seen = seen

    def forget(self, key: str) -> None:
        """Have a key read again if it is found again."""
        self._seen.discard(key)

    async def _add(self, store: Store, keys: list[str]) -> None:
        for entry in await store.get_many(keys):
            if entry is None or not entry.head.group:
                continue
            vector = from_bytes(entry.vector)
            if vector is not None:
                group = entry.head.group
                self._partitions.add(partition_in(group), group, entry.head.key, vector)
