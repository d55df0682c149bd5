"""aiocache's memory backend, bounded in entries and bytes, least recently used out first."""

import time
from collections import OrderedDict
from typing import Any

from aiocache import SimpleMemoryCache
from aiocache.serializers import NullSerializer

ENTRY_OVERHEAD = 400
"""Bytes that CPython 3.11 spends on an entry besides key and value (dict slot, tuple, headers)."""


class BoundedMemory(SimpleMemoryCache):  # type: ignore[misc]
    """Holds bytes under text keys. Entries expire when they are looked at: no timer per key.

    The parent is unbounded, starts a timer per key, and its `clear` leaves the timers running.
    """

    def __init__(self, *, max_entries: int, max_bytes: int) -> None:
        # A timeout would make a task of every access, for a dictionary look-up.
        super().__init__(serializer=NullSerializer(), timeout=None)
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._entries: OrderedDict[str, tuple[bytes, float | None]] = OrderedDict()
        self.bytes = 0
        """Bytes that all entries take."""
        self.evictions = 0
        """Entries that had to go for others."""

    def __len__(self) -> int:
        return len(self._entries)

    async def _get(self, key: str, encoding: str = "utf-8", _conn: Any = None) -> bytes | None:
        entry = self._entries.get(key)
        if entry is None:
            return None
        value, expires = entry
        if expires is not None and expires <= time.monotonic():
            self._remove(key)
            return None
        self._entries.move_to_end(key)
        return value

    async def _gets(self, key: str, encoding: str = "utf-8", _conn: Any = None) -> bytes | None:
        return await self._get(key)

    async def _multi_get(
        self, keys: list[str], encoding: str = "utf-8", _conn: Any = None
    ) -> list[bytes | None]:
        return [await self._get(key) for key in keys]

    async def _set(
        self,
        key: str,
        value: bytes,
        ttl: float | None = None,
        _cas_token: Any = None,
        _conn: Any = None,
    ) -> bool:
        self._remove(key)
        size = _size(key, value)
        if size > self._max_bytes or self._max_entries < 1:
            return False
        self._entries[key] = (value, None if ttl is None else time.monotonic() + ttl)
        self.bytes += size
        while len(self._entries) > self._max_entries or self.bytes > self._max_bytes:
            self._remove(next(iter(self._entries)))
            self.evictions += 1
        return True

    async def _multi_set(
        self, pairs: list[tuple[str, bytes]], ttl: float | None = None, _conn: Any = None
    ) -> bool:
        for key, value in pairs:
            await self._set(key, value, ttl=ttl)
        return True

    async def _add(
        self, key: str, value: bytes, ttl: float | None = None, _conn: Any = None
    ) -> bool:
        if await self._get(key) is not None:
            raise ValueError(f"Key {key} already exists, use .set to update the value")
        return await self._set(key, value, ttl=ttl)

    async def _exists(self, key: str, _conn: Any = None) -> bool:
        return await self._get(key) is not None

    async def _increment(self, key: str, delta: int, _conn: Any = None) -> int:
        raise TypeError("this cache holds bytes, which can't be counted up")

    async def _expire(self, key: str, ttl: float, _conn: Any = None) -> bool:
        value = await self._get(key)
        return value is not None and await self._set(key, value, ttl=ttl or None)

    async def _delete(self, key: str, _conn: Any = None) -> int:
        return self._remove(key)

    async def _clear(self, namespace: str | None = None, _conn: Any = None) -> bool:
        for key in [key for key in self._entries if key.startswith(namespace or "")]:
            self._remove(key)
        return True

    async def _redlock_release(self, key: str, value: bytes) -> int:
        return self._remove(key) if await self._get(key) == value else 0

    def _remove(self, key: str) -> int:
        entry = self._entries.pop(key, None)
        if entry is None:
            return 0
        self.bytes -= _size(key, entry[0])
        return 1


def _size(key: str, value: bytes) -> int:
    return len(key) + len(value) + ENTRY_OVERHEAD
