"""Answers while they are made: one task reads each, and any number of callers listen to it."""

import asyncio
from collections import deque
from contextlib import aclosing
from copy import copy

import structlog

from localai import Chunk, Chunks, GatewayError, Unavailable
from plugins.cache.run_headers import RunHeaders
from plugins.cache.weight import weight

log = structlog.get_logger("cache")

BATCH = 64
"""Chunks that are read at once when all are ready; then those who listen have their turn.

Ollama's own lines take some 10 µs each, so that is less than the millisecond that a turn may take.
"""


class TooSlow(GatewayError):
    """A listener has fallen so far behind the others that its next chunk is gone.

    Nothing is wrong with the answer or the router, and by another try it may be there at once.
    """

    status = 408
    type = "invalid_request_error"
    default_code = "client_too_slow"


class _Reader:
    """Where one listener is."""

    __slots__ = ("position",)

    def __init__(self) -> None:
        self.position = 0
        """Chunks of the answer that it has taken."""


class Live:
    """An answer that is being made. Its chunks are held once, in a window that all read from.

    The reading is never more than half a `buffer` ahead of the fastest listener: a lone client
    that reads slowly holds Ollama back, as it would without this. Others may lag by a `buffer`.
    The window takes no more memory than `buffer`, or than half of it and its largest chunk, and one
    chunk more.
    """

    def __init__(self, chunks: Chunks, *, buffer: int) -> None:
        self.headers = RunHeaders()
        """What the inside says about the answer; for the plugin."""
        self._buffer = buffer
        self._ahead = buffer // 2
        """Bytes that may be read and not yet taken by anybody."""
        self._resume = buffer // 4
        """Bytes of those at which reading goes on: in steps, not by each chunk that is taken."""
        self._window: deque[tuple[Chunk, int]] = deque()
        """Chunks, each with the bytes of the answer up to its end."""
        self._first = 0
        """Chunks that have left the window, and their bytes."""
        self._first_bytes = 0
        self._end = 0
        """Chunks that were read, and their bytes."""
        self._end_bytes = 0
        self._front = 0
        """Chunks that somebody who still listens has taken, and their bytes; or fewer: to look at
        all listeners for each chunk would cost too much."""
        self._front_bytes = 0
        self._readers: set[_Reader] = set()
        self._waiting: set[asyncio.Future[None]] = set()
        """One for each listener that has taken all."""
        self._room: asyncio.Future[None] | None = None
        """What the task waits for while it is far enough ahead."""
        self._stopped = False
        self._ended = False
        self._failure: Exception | None = None
        self.task = asyncio.create_task(self._read(chunks), name="live answer")
        self.task.add_done_callback(self._finish)

    @property
    def listeners(self) -> int:
        """How many listen, without those who have fallen too far behind."""
        return sum(reader.position >= self._first for reader in self._readers)

    @property
    def bytes(self) -> int:
        """Bytes of memory that its window takes."""
        return self._end_bytes - self._first_bytes

    @property
    def is_joinable(self) -> bool:
        """Whether who listens from now on gets the whole answer, as far as can be told."""
        return not (self._first or self._stopped or self.task.done())

    async def listen(self) -> Chunks:
        """Yield what was said so far at once, then the rest as it comes.

        When the last listener leaves, the reading is cancelled, and has ended before this has.
        Raises what the answer failed with, in a copy; `TooSlow`; `Unavailable` after `cancel`.
        """
        reader = _Reader()
        position = 0
        self._readers.add(reader)
        try:
            while True:
                while position < self._end:
                    if position < self._first:
                        raise TooSlow(
                            "the answer was read too slowly, and its next part is no longer held: "
                            "read faster, or send the request again"
                        )
                    chunk, taken = self._window[position - self._first]
                    reader.position = position = position + 1
                    if self._room is not None and self._end_bytes - taken <= self._resume:
                        _wake(self._room)
                    yield chunk
                if self._failure is not None:
                    raise _copy(self._failure) from self._failure
                if self._ended:
                    return
                await self._for_news()
        finally:
            await self._leave(reader)

    def cancel(self) -> None:
        """Have the reading end; from now on nobody can join."""
        if not self._stopped:  # a second time would disturb what is being closed
            self._stopped = True
            self.task.cancel()

    async def _read(self, chunks: Chunks) -> None:
        try:
            async with aclosing(chunks):
                read = 0
                async for chunk in chunks:
                    if self._stopped:
                        return  # the cancellation was swallowed on its way
                    self._add(chunk)
                    while not self._has_room():
                        await self._for_room()
                    read += 1
                    if read % BATCH == 0:
                        await asyncio.sleep(0)
        except asyncio.CancelledError:
            if not self._stopped:
                raise
        except Exception as error:
            self._failure = error
            if not (self._readers or isinstance(error, GatewayError)):
                log.exception("an answer failed that nobody listens to any more")
        finally:
            # A failure refers to this frame; the answer, to the failure. The collector is not
            # needed when the frame does not refer to the answer.
            del self

    def _add(self, chunk: Chunk) -> None:
        self._end += 1
        self._end_bytes = end = self._end_bytes + weight(chunk)
        self._window.append((chunk, end))
        while end - self._first_bytes > self._buffer and self._first < self._front:
            self._first_bytes = self._window.popleft()[1]
            self._first += 1
        # They go on when the task waits, so that a batch wakes each of them once.
        if self._waiting:
            self._tell()

    def _has_room(self) -> bool:
        if self._end_bytes - self._front_bytes > self._ahead:
            front = max((reader.position for reader in self._readers), default=0)
            if front > self._first:
                self._front = front
                self._front_bytes = self._window[front - self._first - 1][1]
        return self._end_bytes - self._front_bytes <= self._ahead

    def _tell(self) -> None:
        for waiter in self._waiting:
            _wake(waiter)
        self._waiting.clear()

    async def _for_news(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self._waiting.add(waiter)
        try:
            await waiter
        finally:
            self._waiting.discard(waiter)

    async def _for_room(self) -> None:
        self._room = asyncio.get_running_loop().create_future()
        try:
            await self._room
        finally:
            self._room = None

    async def _leave(self, reader: _Reader) -> None:
        self._readers.discard(reader)
        # It may have been the fastest. Whoever still gets all is not before the window.
        self._front, self._front_bytes = self._first, self._first_bytes
        if self.task.done() or any(each.position >= self._first for each in self._readers):
            return
        self.cancel()
        await asyncio.wait([self.task])

    def _finish(self, task: asyncio.Task[None]) -> None:
        if self._stopped or task.cancelled() or task.exception() is not None:
            self._failure = Unavailable(
                "the answer was stopped before its end: send the request again",
                code="shutting_down",
            )
        self._ended = True
        self._tell()


class Lives:
    """The answers that are being made, by key."""

    def __init__(self, *, buffer: int) -> None:
        self._buffer = buffer
        """Bytes of an answer that are held for those who join or lag."""
        self._latest: dict[str, Live] = {}
        self._running: set[Live] = set()

    def __len__(self) -> int:
        return len(self._running)

    def get(self, key: str) -> Live | None:
        """Return one that can be joined; listen to it before you await anything else."""
        live = self._latest.get(key)
        return live if live is not None and live.is_joinable else None

    def start(self, key: str, chunks: Chunks) -> Live:
        """Begin to read an answer, in a task with a copy of this context.

        Listen to it before you await anything else: it ends when its last listener leaves, or by
        `close`. One with the same key can't be joined any more, and goes on for its listeners.
        """
        live = Live(chunks, buffer=self._buffer)
        self._latest[key] = live
        self._running.add(live)

        def remove(_: asyncio.Task[None]) -> None:
            self._running.discard(live)
            if self._latest.get(key) is live:
                del self._latest[key]

        live.task.add_done_callback(remove)
        return live

    async def close(self) -> None:
        """Stop all, and wait for it; those who listen get `Unavailable`."""
        running = list(self._running)
        for live in running:
            live.cancel()
        if running:
            await asyncio.wait([live.task for live in running])


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _copy(error: Exception) -> Exception:
    """Return an exception like this one: each that is raised gets a traceback of its own."""
    kind = type(error)
    if kind.__module__ == "builtins":
        return copy(error)  # some have fields that only their __init__ can set
    # Other classes would get the message from copy(), whatever their __init__ wants.
    twin = kind.__new__(kind, *error.args)
    twin.__dict__.update(error.__dict__)
    return twin
