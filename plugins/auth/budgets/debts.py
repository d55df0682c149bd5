"""What is to be added to rows or taken from them when the database has time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import structlog

from localai import GatewayError
from plugins.auth.budgets.ledger import Row

log = structlog.get_logger("budgets")

MOST_OWED = 10_000
"""Rows that may wait for a database that is away; each is one budget in one period."""
RETRY = 2.0
"""Seconds between tries to write what is owed."""
LAST_TRIES = 5.0
"""Seconds at the end in which what is owed is tried again."""

Write = Callable[[dict[Row, float]], Awaitable[None]]


class Debts:
    """Writes changes in the background, many at a time, and again after a failure.

    None is lost silently: what can't be kept or written at all goes to the log.
    """

    def __init__(self, write: Write) -> None:
        self._write = write
        self._owed: dict[Row, float] = {}
        self._paying: dict[Row, float] = {}
        self._writing = asyncio.Lock()
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()

    def __len__(self) -> int:
        return len(self._owed) + len(self._paying)

    def owe(self, row: Row, change: float) -> None:
        """Have a row changed soon."""
        if not change:
            return
        if row not in self._owed and len(self._owed) >= MOST_OWED:
            _report_lost(row, change)
            return
        self._owed[row] = self._owed.get(row, 0.0) + change
        self._wake.set()

    async def pay(self) -> None:
        """Write all that is owed by now; what another task is writing too."""
        if not (self._owed or self._writing.locked()):
            return
        async with self._writing:
            self._paying, self._owed = self._owed, {}
            try:
                if self._paying:
                    await self._write(self._paying)
            except BaseException:
                for row, change in self._paying.items():
                    self.owe(row, change)
                raise
            finally:
                self._paying = {}

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Pay in the background; pay all at the end."""
        payer = asyncio.create_task(self._work(), name="settle budgets")
        try:
            yield
        finally:
            # It is not cancelled: a transaction that is cut may have been committed or not.
            self._closing.set()
            self._wake.set()
            await payer
            await self._pay_last()

    async def _work(self) -> None:
        while not self._closing.is_set():
            await self._wake.wait()
            self._wake.clear()
            if not await self._try():
                with suppress(TimeoutError):
                    async with asyncio.timeout(RETRY):
                        await self._closing.wait()
                self._wake.set()

    async def _pay_last(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_TRIES):
                while self._owed:
                    if not await self._try():
                        await asyncio.sleep(RETRY / 10)
        for row, change in self._owed.items():
            _report_lost(row, change)

    async def _try(self) -> bool:
        try:
            await self.pay()
        except GatewayError as error:
            log.warning("budgets are settled later", rows=len(self), reason=error.message)
        except Exception:
            log.exception("settling budgets failed", rows=len(self))
        else:
            return True
        return False


def _report_lost(row: Row, change: float) -> None:
    log.error("not settled: the database was away for too long", **row._asdict(), change=change)
