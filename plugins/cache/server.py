"""A Redis that may be away: whoever asks it is answered in time, or told at once that it is away.

Failures to reach it open a breaker: while it is open nobody asks, but one task that looks.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from plugins.cache.seldom import Seldom

log = structlog.get_logger("cache")

LOOK = 2.0
"""Seconds between two looks whether it is there."""
WRONG_TYPE: Final = b"\0"
"""Stands for a value that is no bytes: a list, or whatever others have put there."""

Command = tuple[str | bytes | int, ...]


class _Unanswered:
    def __bool__(self) -> bool:
        return False


UNANSWERED: Final = _Unanswered()
"""Stands for an answer that did not come, or was a refusal. It is false."""


class Server:
    """Asks a Redis, within `timeout` seconds for each question, connecting included.

    A question waits at most as long again for a connection. That one is not answered in time says
    that this process is busy, not that Redis is away: the breaker stays.

    There is no timeout of redis-py's on reads and writes: with Python 3.11 it swallows
    cancellations, this deadline too (`asyncio.wait_for`, bpo-37658), and makes a task per question.
    """

    def __init__(self, client: Redis, timeout: float) -> None:
        self._client = client
        self._timeout = timeout
        # In front of the pool's own queue, which does not tell the two waits apart. One connection
        # is left for looks.
        self._turn = asyncio.Semaphore(client.connection_pool.max_connections - 1)
        self._fell = asyncio.Event()
        self._back_at = -LOOK
        self._report = Seldom()
        self.is_up = True
        """Whether it could be reached when that was last tried."""
        self.failures = 0
        """Questions that were not answered in time, or at all."""
        self.refused = 0
        """Questions that were answered with an error, such as that it is full."""

    async def ask(self, *commands: Command) -> list[Any]:
        """Return the answer to each command, all sent in one piece; `UNANSWERED` for none.

        Nothing raises because of Redis.
        """
        answers: Sequence[Any] = ()
        if self.is_up:
            has_turn = False
            try:
                async with asyncio.timeout(self._timeout) as deadline:
                    must_wait = self._turn.locked()
                    async with self._turn:
                        has_turn = True
                        if must_wait:
                            deadline.reschedule(_now() + self._timeout)
                        if self.is_up:  # as it was before the wait
                            answers = await self._send(commands)
            except Exception as error:
                if has_turn:
                    self._fall(error)
                else:
                    self.failures += 1
        return [self._accept(answer) for answer in answers] or [UNANSWERED] * len(commands)

    async def look(self) -> None:
        """Find out whether it is there."""
        try:
            async with asyncio.timeout(self._timeout):
                if not self.is_up:
                    # Behind the connections may be a server, or a firewall, that is no more.
                    await self._client.connection_pool.disconnect(inuse_connections=False)
                await self._client.ping()
        except ResponseError:
            self._rise()  # It answers, even if with what is wrong, such as MISCONF.
        except Exception as error:
            self._fall(error)
        else:
            self._rise()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look whether it is there, keep an eye on it, and disconnect in the end."""
        await self.look()
        watch = asyncio.create_task(self._watch(), name="watch the redis of the cache")
        try:
            yield
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
            await self.disconnect()

    async def disconnect(self) -> None:
        """Close all connections."""
        with suppress(RedisError, OSError):
            await self._client.connection_pool.disconnect()

    async def _send(self, commands: Sequence[Command]) -> list[Any]:
        if len(commands) == 1:  # a pipeline costs more
            try:
                answer = await self._client.execute_command(*commands[0])  # type: ignore[no-untyped-call]
                return [answer]
            except ResponseError as error:
                return [error]
        pipeline = self._client.pipeline(transaction=False)
        for command in commands:
            pipeline.execute_command(*command)
        return await pipeline.execute(raise_on_error=False)

    def _accept(self, answer: Any) -> Any:
        if not isinstance(answer, ResponseError):
            return answer
        code = answer.status_code or str(answer).partition(" ")[0]  # the rest may have a key
        if code == "WRONGTYPE":
            return WRONG_TYPE
        self.refused += 1
        if self._report.is_due():
            log.warning(
                "redis refuses what the cache asks: see its maxmemory and the rights of its user",
                error=code,
                refused=self.refused,
            )
        return UNANSWERED

    async def _watch(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._fell.wait()
                    # It may be this process that was late, so look at once; but not again and
                    # again: one that answers looks only would cost a timeout after each.
                    if _now() - self._back_at < LOOK:
                        await asyncio.sleep(LOOK)
            self._fell.clear()
            await self.look()

    def _fall(self, error: Exception) -> None:
        self.failures += 1
        if self.is_up:
            self.is_up = False
            self._fell.set()
            log.warning(
                "redis does not answer: answers are not shared until it is back",
                error=type(error).__name__,
            )

    def _rise(self) -> None:
        if not self.is_up:
            self.is_up = True
            self._back_at = _now()
            log.info("redis is back: answers are shared again")


def _now() -> float:
    return asyncio.get_running_loop().time()
