"""Notice plugins that keep a call to themselves for too long, without a timer for each chunk."""

import asyncio
from contextvars import ContextVar

from core.messages import Call, Chunks, Handler

CHECKS = 4
"""Looks within the limit: a hang is seen a quarter of the limit late at most."""


class Watch:
    """Who has a call just now: the plugins that are watched, or others.

    A timer looks from time to time whether anything has moved. When nothing has for `limit`
    seconds, the task is cancelled and `expired` is set.
    """

    __slots__ = (
        "_limit",
        "_loop",
        "_quiet",
        "_task",
        "_timer",
        "expired",
        "inside",
        "moved",
        "out",
    )

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._quiet = 0
        self.out = False
        """Whether the caller has it."""
        self.inside = 0
        """How many answers are awaited of what stands inside of the plugins."""
        self.moved = True
        """Set when the plugins get the call back."""
        self.expired = False
        self._timer = self._loop.call_later(limit / CHECKS, self._check)

    def forgive(self) -> None:
        """Take the cancellation back, for whoever has caught it and says why it was."""
        if self._task is not None:
            self._task.uncancel()

    def stop(self) -> None:
        """Look no more."""
        self._timer.cancel()

    def _check(self) -> None:
        self._quiet = 0 if self.out or self.inside or self.moved else self._quiet + 1
        self.moved = False
        if self._quiet < CHECKS:
            self._timer = self._loop.call_later(self._limit / CHECKS, self._check)
        elif self._task is not None:
            self.expired = True
            self._task.cancel()


Current = ContextVar[Watch | None]
"""The watch over the plugins of a group that run just now."""


def watched(next: Handler, current: Current) -> Handler:
    """Return `next` as plugins see it that are watched: what happens in it is not theirs."""

    def marked(call: Call) -> Chunks:
        watch = current.get()
        return next(call) if watch is None else _marked(next(call), watch)

    return marked


async def _marked(chunks: Chunks, watch: Watch) -> Chunks:
    watch.inside += 1
    is_inside = True
    try:
        async for chunk in chunks:
            watch.inside -= 1
            watch.moved = True
            is_inside = False
            yield chunk
            watch.inside += 1
            is_inside = True
    finally:
        watch.inside += not is_inside
        try:
            await chunks.aclose()
        finally:
            watch.inside -= 1
            watch.moved = True
