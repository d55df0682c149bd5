"""Things with a start and a stop that generations share."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

import structlog

from core.errors import GatewayError, SettingsError

log = structlog.get_logger("lifespans")


class Lifespan:
    """An asynchronous context, entered and left in one task of its own.

    Context managers may hold task groups, which must be left by the task that entered them; a
    generation may be started by one task and closed by another. Users are counted: the first
    starts it, the last stops it.
    """

    def __init__(
        self, name: str, enter: Callable[[], AbstractAsyncContextManager[object]] | None
    ) -> None:
        self.name = name
        self._enter = enter
        self._users = 0
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def acquire(self) -> None:
        """Start it unless it runs already; raise `SettingsError` when it can't."""
        self._users += 1
        if self._users > 1 or self._enter is None:
            return
        started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stop.clear()
        self._task = asyncio.create_task(self._run(started), name=f"lifespan of {self.name}")
        try:
            await started
        except Exception as error:
            self._users -= 1
            known = isinstance(error, SettingsError | GatewayError)
            text = str(error) if known else f"{type(error).__name__}: {error}"
            raise SettingsError(f"plugin '{self.name}' did not start: {text}") from error
        except asyncio.CancelledError:
            self._users -= 1
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            raise

    async def release(self) -> None:
        """Stop it when this was the last user; what it raises is logged."""
        self._users -= 1
        if self._users or self._task is None:
            return
        self._stop.set()
        try:
            await self._task
        except Exception:
            log.exception("stopping failed", plugin=self.name)
        self._task = None

    async def _run(self, started: asyncio.Future[None]) -> None:
        assert self._enter is not None
        try:
            async with self._enter():
                started.set_result(None)
                await self._stop.wait()
        except Exception as error:
            if started.done():
                raise
            started.set_exception(error)
        except asyncio.CancelledError:
            if started.done():
                raise
            started.set_exception(RuntimeError("its start was cancelled"))


async def acquire_all(lifespans: Sequence[Lifespan]) -> None:
    """Start all in order; when one fails, stop those before it, in reverse."""
    for position, lifespan in enumerate(lifespans):
        try:
            await lifespan.acquire()
        except BaseException:
            await release_all(lifespans[:position])
            raise


async def release_all(lifespans: Sequence[Lifespan]) -> None:
    """Release all in reverse order."""
    for lifespan in reversed(lifespans):
        await lifespan.release()
