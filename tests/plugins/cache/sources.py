"""Answers that a test lets come piece by piece, and listeners that it lets read."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import aclosing

from localai import Chunk, Chunks
from plugins.cache.live import Live
from plugins.cache.weight import weight

TURNS = 60
"""Turns of the event loop in which all that can go on has gone on, in these tests."""


def said(text: str = "", size: int = 0) -> Chunk:
    """Return a chunk that weighs `size`, unless its text alone is heavier."""
    bare = weight(Chunk(content=text))
    return Chunk(content=text + "." * max(0, size - bare))


PIECE = 1000
"""What most chunks of these tests weigh."""
BUFFER = 8 * PIECE
PIECES = tuple(said(str(number), PIECE) for number in range(40))


async def settled(turns: int = TURNS) -> None:
    """Let all tasks go on as far as they can."""
    for _ in range(turns):
        await asyncio.sleep(0)


Item = Chunk | Exception | None
"""What comes of an answer: a piece of it, or its failure, or its end."""


class Source:
    """Stands for a model: says what it is told to, ends when it is told to, counts its ends."""

    def __init__(self, *items: Item) -> None:
        self.coming = deque(items)
        self.taken: list[Chunk] = []
        self.closed = 0
        self.may_close = asyncio.Event()
        self.may_close.set()
        self.asked: Callable[[], None] = lambda: None
        """Called when the next chunk is wanted."""
        self._news = asyncio.Event()

    def say(self, *items: Item) -> None:
        """Have these come next."""
        self.coming.extend(items)
        self._news.set()

    async def chunks(self) -> Chunks:
        """Answer."""
        try:
            while True:
                self.asked()
                while not self.coming:
                    self._news.clear()
                    await self._news.wait()
                item = self.coming.popleft()
                if item is None:
                    return
                if isinstance(item, Exception):
                    raise item
                self.taken.append(item)
                yield item
        finally:
            try:
                await self.may_close.wait()
            finally:
                self.closed += 1


class Listener:
    """A task that listens to an answer; a shy one takes as many chunks as it was allowed.

    By a function it gets the answer in the same turn in which it begins to listen.
    """

    def __init__(self, live: Live | Callable[[], Live], *, shy: bool = False) -> None:
        self._live = live
        self.got: list[Chunk] = []
        self.error: Exception | None = None
        self.left = False
        self._shy = shy
        self._allowed = asyncio.Semaphore(0)
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            live = self._live if isinstance(self._live, Live) else self._live()
            async with aclosing(live.listen()) as chunks:
                async for chunk in chunks:
                    self.got.append(chunk)
                    if self._shy:
                        await self._allowed.acquire()
        except Exception as error:
            self.error = error
        finally:
            self.left = True

    def allow(self, chunks: int) -> None:
        """Let a shy one take more."""
        for _ in range(chunks):
            self._allowed.release()

    def hurry(self) -> None:
        """Let a shy one take all."""
        self._shy = False
        self._allowed.release()

    async def leave(self) -> None:
        """Have it cancelled, as a request is whose client has gone."""
        self.task.cancel()
        await asyncio.wait([self.task])
