"""A backend of aiocache in memory, bounded in entries and bytes, least recently used out first."""

import asyncio
import math
import time
from array import array
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from typing import Any

from aiocache.base import BaseCache
from aiocache.serializers import NullSerializer

from plugins.cache.recency import Recency

ENTRY_OVERHEAD = 225
"""Bytes that an entry takes besides the characters of key and value.

Chosen so that resident memory is within 10 % of what is counted for values of 50 B to 1 MB, with
CPython 3.11 on 64-bit Linux: 82 for the heads of text and bytes, 32 for a number, 32 in the lists
and the ring, 30 to 80 in the table, the rest for rounding. `python -m benchmarks.cache_memory`
fills a process of its own, replaces all entries, and compares.
"""

STEP = 200
"""Entries between two turns of others while all are gone through: 0.1 ms."""

_TABLE = 512
"""Entries of a table. One that grows is built anew: 0.1 ms, where one of 100,000 takes 5 ms."""


class BoundedMemory(BaseCache):  # type: ignore[misc]
    """Holds bytes under text keys. Entries expire when they are looked at: no timer per key.

    aiocache's own memory is unbounded, starts a timer per key, and its `clear` leaves the timers
    running. What it wraps around each access (hooks, timeout, a switch in the environment) costs
    five times the access: what answers need, `get` to `delete` below, goes without.
    """

    NAME = "memory"

    def __init__(
        self, *, max_entries: int, max_bytes: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Make an empty cache; `clock` says the time in seconds."""
        # A method for `key_builder`, as it is by default, would be a cycle: memory that is no
        # longer needed would wait for the garbage collector.
        super().__init__(serializer=NullSerializer(), key_builder=_build_key, timeout=None)
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._clock = clock
        most = min(max_entries, max_bytes // ENTRY_OVERHEAD)
        self._tables: list[dict[str, int]] = [
            {} for _ in range(1 << (max(0, most) // _TABLE).bit_length())
        ]
        self._last_table = len(self._tables) - 1
        # An entry has one number as long as it lives, at which these lists have what belongs to it.
        # So it costs no object of its own, and whoever goes through the numbers meets it once.
        self._used = Recency()
        self._keys: list[str] = [""]
        self._values: list[bytes | None] = [None]
        self._ends = array("d", [math.inf])
        self.entries = 0
        """Entries that are held, expired ones among them."""
        self.bytes = 0
        """Bytes that all entries take."""
        self.evictions = 0
        """Entries that had to go for others."""
        self.expired = 0
        """Entries that were found at the end of their time."""

    def __len__(self) -> int:
        return self.entries

    def figures(self) -> dict[str, Any]:
        """Return what is held, and what became of the rest."""
        return {
            "entries": self.entries,
            "bytes": self.bytes,
            "evictions": self.evictions,
            "expired": self.expired,
        }

    async def get(self, key: str) -> bytes | None:
        """Return a value, which is then the most recently used; `None` if there is none."""
        return self._find(key)

    async def multi_get(self, keys: Sequence[str]) -> list[bytes | None]:
        """Return the value of each key, in this order."""
        return [self._find(key) for key in keys]

    async def set(self, key: str, value: bytes, ttl: float | None = None) -> bool:
        """Keep a value, for ever or `ttl` seconds; return `False` if it is larger than all."""
        return self._put(key, value, ttl)

    async def multi_set(self, pairs: Sequence[tuple[str, bytes]], ttl: float | None = None) -> bool:
        """Keep several values; say whether all of them are small enough."""
        kept = [self._put(key, value, ttl) for key, value in pairs]
        return all(kept)

    async def delete_many(self, keys: Sequence[str]) -> int:
        """Remove several values; return how many there were."""
        removed = 0
        for key in keys:
            removed += await self.delete(key)
        return removed

    async def delete(self, key: str) -> int:
        """Remove a value; return how many there were."""
        number = self._table(key).get(key)
        if number is None:
            return 0
        self._drop(number)
        return 1

    async def scan(
        self, prefix: str = "", most: int | None = None
    ) -> AsyncGenerator[list[tuple[str, bytes]], None]:
        """Yield the keys with this prefix and the first `most` bytes of their values, in steps.

        This is no use of an entry. What is there all the time comes once; what is put or removed
        meanwhile may or may not come. Whoever stops early must close this.
        """
        for numbers in self._steps():
            now = self._clock()
            found = [
                (self._keys[number], value[:most])
                for number in numbers
                if (value := self._values[number]) is not None
                and self._ends[number] > now
                and self._keys[number].startswith(prefix)
            ]
            if found:
                yield found
            await asyncio.sleep(0)

    # What other methods of aiocache are made of: add, exists, expire, clear, close, locks.

    async def _add(
        self, key: str, value: bytes, ttl: float | None = None, _conn: Any = None
    ) -> bool:
        if self._find(key) is not None:
            raise ValueError(f"Key {key} already exists, use .set to update the value")
        return self._put(key, value, ttl)

    async def _exists(self, key: str, _conn: Any = None) -> bool:
        return self._find(key) is not None

    async def _expire(self, key: str, ttl: float, _conn: Any = None) -> bool:
        value = self._find(key)
        return value is not None and self._put(key, value, ttl or None)

    async def _clear(self, namespace: str | None = None, _conn: Any = None) -> bool:
        prefix = namespace or ""
        for numbers in self._steps():
            for number in numbers:
                if self._values[number] is not None and self._keys[number].startswith(prefix):
                    self._drop(number)
            await asyncio.sleep(0)
        return True

    async def _close(self, *_: Any, **__: Any) -> None:
        await self._clear()

    async def _redlock_release(self, key: str, value: bytes) -> int:
        return await self.delete(key) if self._find(key) == value else 0

    def _find(self, key: str) -> bytes | None:
        number = self._tables[hash(key) & self._last_table].get(key)
        if number is None:
            return None
        if self._ends[number] <= self._clock():
            self._drop(number)
            self.expired += 1
            return None
        self._used.touch(number)
        return self._values[number]

    def _put(self, key: str, value: bytes, ttl: float | None) -> bool:
        table = self._table(key)
        known = table.get(key)
        if known is not None:
            self._drop(known)
        size = _size(key, value)
        if size > self._max_bytes or self._max_entries < 1:
            return False
        number = table[key] = self._used.new()
        if number == len(self._keys):
            self._keys.append("")
            self._values.append(None)
            self._ends.append(0)
        self._keys[number] = key
        self._values[number] = value
        self._ends[number] = math.inf if ttl is None else self._clock() + ttl
        self.entries += 1
        self.bytes += size
        while self.entries > self._max_entries or self.bytes > self._max_bytes:
            self._drop(self._used.oldest)
            self.evictions += 1
        return True

    def _drop(self, number: int) -> None:
        key, value = self._keys[number], self._values[number]
        assert value is not None
        del self._table(key)[key]
        self._keys[number] = ""
        self._values[number] = None
        self._used.drop(number)
        self.entries -= 1
        self.bytes -= _size(key, value)

    def _table(self, key: str) -> dict[str, int]:
        return self._tables[hash(key) & self._last_table]

    def _steps(self) -> Iterator[range]:
        """Yield all numbers, those that are given out meanwhile too."""
        start = 1
        while start < len(self._keys):
            yield range(start, min(start + STEP, len(self._keys)))
            start += STEP


def _build_key(key: str, namespace: str | None = None) -> str:
    return key if namespace is None else namespace + key


def _size(key: str, value: bytes) -> int:
    return len(key) + len(value) + ENTRY_OVERHEAD
