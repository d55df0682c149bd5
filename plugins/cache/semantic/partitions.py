"""An index for each partition, so that nobody's questions are compared with those of others."""

import asyncio
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

from plugins.cache.semantic.index import Index
from plugins.cache.semantic.rows import View, nearest
from plugins.cache.semantic.vectors import Vector

WAITING = 64
"""Look-ups that wait for the thread; one more finds nothing."""


class Busy(Exception):
    """Too many look-ups wait for the thread."""


class Partitions:
    """Indexes by partition, the least recently used one out first; large ones use one thread."""

    def __init__(self, *, most: int, most_entries: int) -> None:
        self._most = most
        self._most_entries = most_entries
        self._indexes: OrderedDict[str, Index] = OrderedDict()
        self._waiting = 0
        # One: the look-ups of a busy partition wait for each other, not for more processors.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="semantic cache")

    def __len__(self) -> int:
        return len(self._indexes)

    @property
    def entries(self) -> int:
        """Vectors in all indexes."""
        return sum(len(index) for index in self._indexes.values())

    @property
    def bytes(self) -> int:
        """Bytes that they take."""
        return sum(index.bytes for index in self._indexes.values())

    def has(self, key: str) -> bool:
        """Say whether a key is in some index."""
        return any(key in index for index in self._indexes.values())

    def add(self, partition: str, group: str, key: str, vector: Vector) -> None:
        """Add a question's vector."""
        index = self._indexes.get(partition)
        if index is None:
            index = self._indexes[partition] = Index(self._most_entries)
        self._indexes.move_to_end(partition)
        while len(self._indexes) > self._most:
            self._indexes.popitem(last=False)
        index.add(key, group, vector)

    def remove(self, partition: str, key: str) -> None:
        """Remove a key."""
        index = self._indexes.get(partition)
        if index is not None and index.remove(key) and not index:
            del self._indexes[partition]

    def touch(self, partition: str, key: str) -> None:
        """Take a key as just used, and its partition with it."""
        index = self._indexes.get(partition)
        if index is not None:
            self._indexes.move_to_end(partition)
            index.touch(key)

    async def find(self, partition: str, group: str, query: Vector) -> tuple[str, float] | None:
        """Return the nearest key of a group, and how similar it is; raise `Busy`."""
        index = self._indexes.get(partition)
        return None if index is None else await index.find(group, query, self._in_thread)

    async def close(self) -> None:
        """End the thread; a look-up takes milliseconds."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._thread.shutdown)

    async def _in_thread(self, view: View, query: Vector) -> int:
        if self._waiting >= WAITING:
            raise Busy
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, nearest, view, query)
        finally:
            self._waiting -= 1
