"""Where answers are kept: in the memory of this process, or in a Redis that routers share.

Keeping fails open: what can't be read is not there, what can't be written is not kept.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any, Protocol

import structlog

from plugins.cache.entry import Entry, Head, Unreadable, decode, encode, head_of

log = structlog.get_logger("cache")


class Backend(Protocol):
    """Bytes under text keys, on aiocache. Nothing of it raises because a server is away."""

    async def get(self, key: str) -> bytes | None:
        """Return a value; `None` if there is none, it has expired, or nobody answers."""

    async def multi_get(self, keys: list[str]) -> Sequence[bytes | None]:
        """Return the value of each key, in one question."""

    async def set(self, key: str, value: bytes, ttl: float) -> bool:
        """Keep a value for `ttl` seconds; say whether it is kept."""

    async def multi_set(self, pairs: list[tuple[str, bytes]], ttl: float) -> bool:
        """Keep several, in one question."""

    async def delete(self, key: str) -> int:
        """Remove a value; return how many there were."""

    async def delete_many(self, keys: Sequence[str]) -> int:
        """Remove several, in one question."""

    def scan(self, prefix: str, most: int) -> AsyncGenerator[Sequence[tuple[str, bytes]], None]:
        """Yield the keys with this prefix and the first `most` bytes of their values, in steps.

        Between two steps others have their turn; what comes meanwhile may or may not be in it.
        """

    async def close(self) -> None:
        """Let go of what is held, in steps."""

    def figures(self) -> dict[str, Any]:
        """Return `entries`, `bytes`, `evictions`, and how the server does, for reports."""


HEAD_BYTES = 4096
"""Of a value that are read to see its head; keys, tags and headers are bounded below that."""


class Store:
    """Entries in a backend, and what became of all that was asked of it."""

    def __init__(self, backend: Backend, *, max_answer: int) -> None:
        self.backend = backend
        self._max_answer = max_answer

    async def get(self, key: str) -> Entry | None:
        """Return the entry under a key; one that can't be read is deleted."""
        value = await self.backend.get(key)
        return None if value is None else await self._read(key, value)

    async def get_many(self, keys: Sequence[str]) -> list[Entry | None]:
        """Return the entry under each key, in their order."""
        values = await self.backend.multi_get(list(keys))
        return [
            None if value is None else await self._read(key, value)
            for key, value in zip(keys, values, strict=True)
        ]

    async def put(self, entry: Entry, ttl: float) -> bool:
        """Keep an entry for `ttl` seconds under its head's key; say whether it is kept."""
        value = encode(entry)
        if len(value) > self._max_answer:
            return False
        return await self.backend.set(entry.head.key, value, ttl=ttl)

    async def put_many(self, entries: Sequence[Entry], ttl: float) -> None:
        """Keep several entries for `ttl` seconds each; those that are too large are not kept."""
        pairs = [(entry.head.key, encode(entry)) for entry in entries]
        fitting = [pair for pair in pairs if len(pair[1]) <= self._max_answer]
        if fitting:
            await self.backend.multi_set(fitting, ttl=ttl)

    async def heads(
        self, prefix: str = ""
    ) -> AsyncGenerator[Sequence[tuple[str, Head | None]], None]:
        """Yield the keys with this prefix and their heads, in steps; `None` for an unreadable one.

        Whoever stops early must close this (`contextlib.aclosing`).
        """
        async with aclosing(self.backend.scan(prefix, HEAD_BYTES)) as steps:
            async for step in steps:
                yield [(key, _head(key, value)) for key, value in step]

    async def remove(self, unwanted: Callable[[Head], bool], prefix: str = "") -> int:
        """Remove the entries that are unwanted, in steps; return how many those were."""
        removed = 0
        async with aclosing(self.heads(prefix)) as steps:
            async for step in steps:
                keys = [key for key, head in step if head is None or unwanted(head)]
                removed += await self.backend.delete_many(keys)
        return removed

    async def _read(self, key: str, value: bytes) -> Entry | None:
        try:
            entry = decode(value)
            if entry.head.key == key:
                return entry
        except Unreadable:
            pass
        log.warning("an unreadable entry was dropped")
        await self.backend.delete(key)
        return None


def _head(key: str, value: bytes) -> Head | None:
    try:
        head = head_of(value)
    except Unreadable:
        return None
    return head if head.key == key else None
