"""One connection to Redis for all who ask; when it does not answer, that is found out once.

Whoever asks while an answer is under way is sent with all others who do, in one piece. So a burst
costs a few round trips, a request costs less than on a connection of its own, and the time that is
allowed is Redis' own, not that of a queue in front of it.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import structlog
from limits.aio.storage import RedisStorage
from limits.aio.storage.redis.redispy import RedispyBridge
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, ResponseError

from localai import SettingsError
from plugins.auth.limits.taken import Away

log = structlog.get_logger("limits")

PREFIX = "localai:fixed-window"
"""Before all keys; it has the strategy, as another one's values could not be read."""
AT_ONCE = 128
"""Questions in one piece: the first of many do not wait for the answer to the last."""

Script = Any
"""What redis-py makes of a script's text: its `sha` and the text."""


class _Question(NamedTuple):
    script: Script
    keys: Sequence[str]
    arguments: Sequence[str | int]
    answer: asyncio.Future[Any]


class Pipe:
    """Runs scripts in Redis, each piece of them in at most `timeout` seconds."""

    def __init__(self, url: str, timeout: float) -> None:
        options: dict[str, Any] = {
            "max_connections": 2,  # one is in use, another one may look for Redis
            "timeout": timeout,
            "socket_timeout": timeout,
            "socket_connect_timeout": timeout,
            "retry": Retry(NoBackoff(), 0),
        }
        try:
            self._pool = BlockingConnectionPool.from_url(url, **options)
        except ValueError:
            raise SettingsError(
                "storage is no address of a Redis: write it as redis://HOST:6379/0"
            ) from None
        # coredis, the default of `limits` 5.8, can't be used by it.
        storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix=PREFIX,
            connection_pool=self._pool,  # type: ignore[arg-type]
        )
        bridge = cast(RedispyBridge, storage.bridge)
        self.key = bridge.prefixed_key
        self.redis = cast(Redis, bridge.get_connection())
        self._timeout = timeout
        self._connection: AbstractConnection | None = None
        """Kept: to take it from the pool for each piece costs half as much again."""
        self._scripts: list[Script] = []
        self._waiting: list[_Question] = []
        self._sender: asyncio.Task[None] | None = None
        self.is_up = True
        """Whether Redis answered when it was asked last."""

    def script(self, text: str) -> Script:
        """Return a script that `ask` can run."""
        script = self.redis.register_script(text.encode())
        self._scripts.append(script)
        return script

    def ask(
        self, script: Script, keys: Sequence[str], arguments: Sequence[str | int]
    ) -> asyncio.Future[Any]:
        """Run a script with the next piece; the answer may be `Away`."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if not self.is_up:
            answer.set_exception(Away())
            return answer
        self._waiting.append(_Question(script, keys, arguments, answer))
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_all(), name="ask redis")
        return answer

    async def look(self) -> None:
        """Find out whether Redis answers, and have it know the scripts."""
        try:
            async with asyncio.timeout(self._timeout):
                await self._load()
        except Exception as error:
            self._fell(error)
        else:
            if not self.is_up:
                self.is_up = True
                log.info("redis is back: limits are shared again")

    async def close(self) -> None:
        """Wait for the last answers, and disconnect."""
        while self._sender is not None:
            await self._sender
        await self._drop()
        await self._pool.disconnect()

    async def _send_all(self) -> None:
        piece: list[_Question] = []
        try:
            while self._waiting:
                piece, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
                async with asyncio.timeout(self._timeout):
                    answers = await self._send(piece)
                for question, answer in zip(piece, answers, strict=True):
                    if not question.answer.done():  # whoever asked has left
                        question.answer.set_result(answer)
        except Exception as error:
            self._fell(error)
            await self._drop()
        finally:
            self._sender = None
            for question in (*piece, *self._waiting):
                if not question.answer.done():
                    question.answer.set_exception(Away())
            self._waiting = []

    async def _send(self, piece: Sequence[_Question]) -> list[Any]:
        answers = await self._run(piece)
        unknown = [at for at, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:
            await self._load()
            again = await self._run([piece[at] for at in unknown])
            for at, answer in zip(unknown, again, strict=True):
                answers[at] = answer
        for answer in answers:
            if isinstance(answer, ResponseError):
                raise answer
        return answers

    async def _run(self, piece: Sequence[_Question]) -> list[Any]:
        if self._connection is None:
            self._connection = await self._pool.get_connection()  # type: ignore[no-untyped-call]
        connection = self._connection
        commands = [
            ("EVALSHA", script.sha, len(keys), *keys, *arguments)
            for script, keys, arguments, _ in piece
        ]
        await connection.send_packed_command(connection.pack_commands(commands))
        return [await _answer(connection) for _ in commands]

    async def _drop(self) -> None:
        """Give the connection up: answers that nobody has read may still come on it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)
            await self._pool.release(connection)

    async def _load(self) -> None:
        pipeline = self.redis.pipeline(transaction=False)
        for script in self._scripts:
            pipeline.script_load(script.script)
        await pipeline.execute()

    def _fell(self, error: BaseException) -> None:
        if self.is_up:
            self.is_up = False
            log.warning(
                "redis does not answer: each router limits for itself until it is back",
                error=type(error).__name__,
            )


async def _answer(connection: AbstractConnection) -> Any:
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error
