"""When keys were last used: noted by each request, written in batches. Fails open."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from localai import Unavailable

if TYPE_CHECKING:
    from plugins.auth.keys.store import KeyStore

log = structlog.get_logger("keys")

EVERY = 10.0
"""Seconds between two batches."""
END_TIMEOUT = 5.0
"""Seconds for the last batch, at the end."""


class LastUsed:
    """The latest use of each key since the last batch; so it is bounded by the number of keys."""

    def __init__(self) -> None:
        self._used: dict[str, float] = {}

    def note(self, kid: str, now: float) -> None:
        """Note a use, in seconds since 1970."""
        self._used[kid] = now

    @asynccontextmanager
    async def written(self, store: "KeyStore", every: float = EVERY) -> AsyncIterator[None]:
        """Write batches until the end, and the last one then."""
        task = asyncio.create_task(self._write_on(store, every), name="write last use of keys")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            try:
                async with asyncio.timeout(END_TIMEOUT):
                    await self.flush(store)
            except TimeoutError:
                log.warning("the last use of keys was not written", keys=len(self._used))

    async def flush(self, store: "KeyStore") -> None:
        """Write what was noted; keep it for the next time when that fails."""
        used, self._used = self._used, {}
        if not used:
            return
        try:
            await store.touch(used)
        except BaseException as error:
            self._used = used | self._used
            if isinstance(error, Unavailable):
                return  # the database itself writes to the log
            if not isinstance(error, Exception):
                raise
            log.exception("the last use of keys can't be written")

    async def _write_on(self, store: "KeyStore", every: float) -> None:
        while True:
            await asyncio.sleep(every)
            await self.flush(store)
