"""What was asked and answered, for files that want it in the log: cut, redacted, one line each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import structlog

from localai import Call, Chunks, Gateway, Handler, Redactor

log = structlog.get_logger("content")

MARGIN = 1000
"""Characters beyond the limit that are redacted too, and cut away then: a secret that the cut goes
through may not be known as one any more."""
MOST_WAITING = 200
"""Most exchanges that wait for their line; further ones are left out."""
LAST_WAIT = 5.0
"""Seconds for what still waits when the router stops."""


class Contents:
    """Keeps the beginnings of questions and answers until they are redacted and written."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: asyncio.Queue[tuple[Call, str]] = asyncio.Queue(MOST_WAITING)
        self._left_out = 0

    def around(self, next: Handler) -> Handler:
        """Return a handler that keeps the beginning of each answer."""
        most = self._limit + MARGIN

        async def kept(call: Call) -> Chunks:
            parts: list[str] = []
            size = 0
            try:
                async with aclosing(next(call)) as chunks:
                    async for chunk in chunks:
                        if size < most and chunk.content:
                            parts.append(chunk.content[: most - size])
                            size += len(parts[-1])
                        yield chunk
            finally:
                self._put(call, "".join(parts))

        return kept

    @asynccontextmanager
    async def running(self, gateway: Gateway) -> AsyncIterator[None]:
        """Write lines in a task, one after the other."""
        task = asyncio.create_task(self._write_all(gateway), name="contents for the log")
        try:
            yield
            try:
                async with asyncio.timeout(LAST_WAIT):
                    await self._waiting.join()
            except TimeoutError:
                log.warning("contents are left out of the log", count=self._waiting.qsize())
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _put(self, call: Call, answer: str) -> None:
        try:
            self._waiting.put_nowait((call, answer))
        except asyncio.QueueFull:
            self._left_out += 1

    async def _write_all(self, gateway: Gateway) -> None:
        while True:
            call, answer = await self._waiting.get()
            try:
                await self._write(gateway, call, answer)
            except Exception:
                log.exception("a content is left out of the log", request_id=call.request_id)
            finally:
                self._waiting.task_done()

    async def _write(self, gateway: Gateway, call: Call, answer: str) -> None:
        redactor = gateway.find(Redactor)
        if redactor is None:
            self._left_out += 1
            return
        left_out, self._left_out = self._left_out, 0
        log.info(
            "content",
            request_id=call.request_id,
            prompt=await self._shown(redactor, _question(call)),
            answer=await self._shown(redactor, answer),
            **({"left_out": left_out} if left_out else {}),
        )

    async def _shown(self, redactor: Redactor, text: str) -> str:
        """Return the beginning of a text as it may stand in the log."""
        most = self._limit + MARGIN
        shown = await redactor.redacted(text[:most])
        sound = len(shown) if len(text) < most else max(0, len(shown) - MARGIN)
        return shown[: min(self._limit, sound)]


def _question(call: Call) -> str:
    """Return what a call asks: its prompt, or the last of its texts."""
    if call.prompt:
        return call.prompt
    *_, last = ("", *call.texts())
    return last
