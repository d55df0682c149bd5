"""Signs of life on a stream that is silent: in a queue, while a model loads, while a guard checks.

Proxies and clients give up on connections that say nothing. What is sent is no part of the
answer: a comment for readers of events, a line without text for Ollama's clients.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from core.api.exchange import Exchange

QUEUE = "x-localai-queue"
"""The header whose value at the time is told: what a plugin that makes a call wait says of it."""


class Heartbeat:
    """Sends something after every `seconds` without anything; the first thing begins the answer.

    `begin` sends the head of the answer; `beat` makes a sign of life that says a text, or nothing.
    Statuses and headers that come later are then too late: an error is an event of the stream.
    """

    __slots__ = ("_beat", "_begin", "_exchange", "_loop", "_seconds", "_seen", "_task", "_timer")

    def __init__(
        self,
        exchange: "Exchange",
        begin: Callable[[], Awaitable[None]],
        beat: Callable[[str], bytes],
        seconds: float,
    ) -> None:
        self._exchange = exchange
        self._begin = begin
        self._beat = beat
        self._seconds = seconds
        self._seen = 0
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        if self._seconds:
            self._later()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _later(self) -> None:
        self._timer = self._loop.call_later(self._seconds, self._look)

    def _look(self) -> None:
        exchange = self._exchange
        is_silent = exchange.writes == self._seen and not exchange.is_blocked
        if is_silent and (self._task is None or self._task.done()):
            self._task = self._loop.create_task(self._send(), name="heartbeat")
        self._seen = exchange.writes
        self._later()

    async def _send(self) -> None:
        exchange = self._exchange
        if not exchange.started:
            await self._begin()
        text = exchange.inference.call.headers.get(QUEUE, "")
        await exchange.write(self._beat(text))
        self._seen = exchange.writes
