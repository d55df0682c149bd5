"""Somebody who watches: they get the newest that there is, never a heap of what has been."""

import asyncio
from typing import Literal

End = Literal["reload", "shutdown", "unauthorised"]


class Viewer:
    """Holds one message at most: who reads slowly misses seconds, and holds up nobody."""

    def __init__(self, generation: int, *, sees_callers: bool) -> None:
        self.generation = generation
        """The one that their request runs on, which can't end before they have left."""
        self.sees_callers = sees_callers
        self.revision = -1
        """Of the history that they have."""
        self.knows_plugins = False
        self.end: End | None = None
        """Why there is nothing more to come."""
        self.is_leaving = False
        self._message = b""
        self._kept = b""
        self._news = asyncio.Event()

    def show(self, snapshot: bytes, kept: bytes = b"") -> None:
        """Give them the newest snapshot; what is to be `kept` is not lost, and comes before it."""
        self._message = snapshot
        self._kept += kept
        self._news.set()

    def leave(self, why: End | None = None) -> None:
        """Have them leave."""
        self.end = self.end or why
        self.is_leaving = True
        self._news.set()

    async def next(self) -> bytes:
        """Wait for something new; it is empty when they are to leave."""
        await self._news.wait()
        if self.is_leaving:
            return b""
        self._news.clear()
        message = self._kept + self._message
        self._message = self._kept = b""
        return message
