"""Notice plugins that keep a call to themselves for too long, with one timer for all calls."""

import asyncio
from contextvars import ContextVar
from typing import cast

from core.messages import Call, Chunk, Chunks, Handler

CHECKS = 4
"""Looks within the limit: a hang is seen a quarter of the limit late at most."""


class Watch:
    """Who has a call just now: the plugins that are watched, or others.

    When nothing has moved for as long as is allowed, its task is cancelled and `expired` is set.
    """

    __slots__ = ("_quiet", "_task", "expired", "inside", "moved", "out")

    def __init__(self) -> None:
        self._task = asyncio.current_task()
        self._quiet = 0
        self.out = False
        """Whether the caller has it."""
        self.inside = 0
        """How many answers are awaited of what stands inside of the plugins."""
        self.moved = True
        """Set when the plugins get the call back."""
        self.expired = False

    def look(self) -> None:
        """Note whether anything has moved since the last time; cancel what has not for long."""
        self._quiet = 0 if self.out or self.inside or self.moved else self._quiet + 1
        self.moved = False
        if self._quiet == CHECKS and self._task is not None:
            self.expired = True
            self._task.cancel()

    def forgive(self) -> None:
        """Take the cancellation back, for whoever has caught it and says why it was."""
        if self._task is not None:
            self._task.uncancel()


class Watches:
    """The calls that are with a group of plugins; a timer looks at all of them from time to time.

    There is no timer while there are no calls.
    """

    def __init__(self, limit: float) -> None:
        self.current: ContextVar[Watch | None] = ContextVar("watch", default=None)
        """The watch over the call that the plugins have just now."""
        self._limit = limit
        self._watches: set[Watch] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        """The one that the timer runs in, while there is one."""

    def begin(self) -> Watch:
        """Watch the call of this task."""
        watch = Watch()
        self._watches.add(watch)
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            loop.call_later(self._limit / CHECKS, self._look, loop)
        return watch

    def end(self, watch: Watch) -> None:
        """Watch it no more."""
        self._watches.discard(watch)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        for watch in tuple(self._watches):
            watch.look()
        if self._watches:
            loop.call_later(self._limit / CHECKS, self._look, loop)
        else:
            self._loop = None


def watched(next: Handler, current: ContextVar[Watch | None]) -> Handler:
    """Return `next` as plugins see it that are watched: what happens in it is not theirs."""

    def marked(call: Call) -> Chunks:
        watch = current.get()
        return next(call) if watch is None else cast("Chunks", _Marked(next(call), watch))

    return marked


class _Marked:
    """An answer that notes when it is awaited. No generator: to make one costs as much again."""

    __slots__ = ("_chunks", "_watch")

    def __init__(self, chunks: Chunks, watch: Watch) -> None:
        self._chunks = chunks
        self._watch = watch

    def __aiter__(self) -> "_Marked":
        return self

    async def __anext__(self) -> Chunk:
        watch = self._watch
        watch.inside += 1
        try:
            return await self._chunks.__anext__()
        finally:
            watch.inside -= 1
            watch.moved = True

    async def aclose(self) -> None:
        watch = self._watch
        watch.inside += 1
        try:
            await self._chunks.aclose()
        finally:
            watch.inside -= 1
            watch.moved = True
