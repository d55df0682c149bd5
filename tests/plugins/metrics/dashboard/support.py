"""Attempts and calls that go as a test says, and a page that is watched."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from localai import Attempt, Call, Chunk, Inference
from tests.plugins.support import a_call

SECOND = 1_000_000_000
"""Nanoseconds."""


def an_attempt(call: Call | None = None) -> Attempt:
    """Return an attempt that has begun."""
    attempt = Attempt(call or a_call())
    attempt.on("http://127.0.0.1:11434", "1", ())
    return attempt


def end_of(tokens: int, seconds: float = 1.0, **more: Any) -> Chunk:
    """Return the last chunk of an answer that was written in so many seconds."""
    return Chunk(done=True, eval_count=tokens, eval_duration=round(seconds * SECOND), **more)


def ended(call: Call, last: Chunk | None = None, error: str | None = None) -> Inference:
    """Return a call that has ended just now: its first chunk came after 1 s, its last after 3 s."""
    inference = Inference(call)
    if last is not None:
        inference.saw(last)
    inference.end(lambda _: None)
    assert inference.ended is not None
    inference.begun = inference.ended - 3
    inference.first = inference.begun + 1 if last is not None else None
    inference.error = error
    return inference


class Watching:
    """A page that is open."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def event(self, name: str = "") -> Any:
        """Return the data of the next event, or of the next one of a name."""
        async with asyncio.timeout(30):
            async for line in self._lines:
                if not line.startswith("event: "):
                    continue
                data = await anext(self._lines)
                if name in ("", line.removeprefix("event: ")):
                    return json.loads(data.removeprefix("data: "))
        raise AssertionError(f"the stream ended before an event {name}")

    async def snapshot_when(self, is_there: Callable[[Any], bool]) -> Any:
        """Return the first snapshot that has what is waited for, of the next fifty."""
        for _ in range(50):
            if is_there(shown := await self.event("snapshot")):
                return shown
        raise AssertionError(f"it did not come: {shown}")

    async def rest(self) -> list[str]:
        """Return the names of all events until the stream ends."""
        async with asyncio.timeout(30):
            return [line async for line in self._lines if line.startswith("event: ")]


@asynccontextmanager
async def watching(client: httpx.AsyncClient, **headers: str) -> AsyncIterator[Watching]:
    """Open the stream of the page."""
    async with client.stream("GET", "/ui/events", headers=headers) as answer:
        yield Watching(answer)
