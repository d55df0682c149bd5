"""Reservations on budgets: what answers may take, settled when they have ended."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

import structlog

from localai import GatewayError
from plugins.auth.budgets import periods
from plugins.auth.budgets.debts import Debts
from plugins.auth.budgets.ledger import Entry, Grant, Ledger, Refused, Row
from plugins.auth.budgets.rules import Account

log = structlog.get_logger("budgets")

KEEP = 400 * periods.DAY
"""Seconds that old periods are kept: thirteen months."""
CLEANING = float(periods.HOUR)
"""Seconds between two looks for periods that are too old."""
CLOCK_ERROR = 60.0
"""Seconds by which the wall clock may drift between two looks; beyond that, it was set."""


class Claim(NamedTuple):
    """What a call asks of a budget: as much as is `wanted`, but no less than `least`."""

    account: Account
    wanted: float
    least: float

    def entry(self, at: float) -> Entry:
        """Return the claim on the period that holds the time `at`."""
        account = self.account
        start = periods.start_of(account.period, at)
        row = Row(account.subject, account.unit, account.period, start)
        return Entry(row, self.wanted, self.least, account.limit)


class Accounts:
    """Reserves on the budgets of many calls, on any number of replicas.

    Grants never go beyond a limit. What an answer took besides its grant is settled afterwards.
    What a process had reserved when it was killed stays booked until its period ends.
    """

    def __init__(
        self,
        open_ledger: Callable[[], Awaitable[Ledger]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._open_ledger = open_ledger
        self._ledger: Ledger | None = None
        self._clock = clock
        self._debts = Debts(self._add)
        self._running: set[asyncio.Task[list[Grant]]] = set()

    @property
    def unsettled(self) -> int:
        """The number of rows that wait to be settled."""
        return len(self._debts)

    async def reserve(self, claims: Sequence[Claim], *, extends: bool = False) -> list[Grant]:
        """Grant all claims or none; `extends` says that they are for an answer that runs.

        Raises `BudgetSpent`, and `Unavailable` when the database does not answer.
        """
        # A transaction that is cut may have been committed or not: who leaves does not cut it.
        task = asyncio.create_task(self._reserve(claims, extends), name="reserve on budgets")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(self._give_back)
            raise

    def settle(self, grants: Sequence[Grant], taken: float) -> None:
        """Book what an answer took from one budget instead of what it was granted, in order."""
        for position, grant in enumerate(grants):
            is_last = position == len(grants) - 1
            share = taken if is_last else min(taken, grant.amount)
            taken -= share
            self._debts.owe(grant.row, share - grant.amount)

    @asynccontextmanager
    async def lifespan(self) -> AsyncIterator[None]:
        """Settle and clean up in the background; settle all at the end."""
        async with self._debts.lifespan():
            cleaner = asyncio.create_task(self._clean(), name="clean up budgets")
            try:
                yield
            finally:
                cleaner.cancel()
                await asyncio.gather(cleaner, *self._running, return_exceptions=True)

    async def _reserve(self, claims: Sequence[Claim], extends: bool) -> list[Grant]:
        # What this process owes counts first: most of it is given back.
        await self._debts.pay()
        ledger = await self._opened()
        at = self._clock()
        try:
            return await ledger.reserve([claim.entry(at) for claim in claims])
        except Refused as refused:
            claim = claims[refused.position]
            if refused.left <= 0 or extends:
                raise claim.account.spent(at) from None
            raise claim.account.too_small(claim.least, refused.left, at) from None

    def _give_back(self, task: "asyncio.Task[list[Grant]]") -> None:
        if not task.cancelled() and task.exception() is None:
            for grant in task.result():
                self.settle([grant], 0)

    async def _clean(self) -> None:
        while True:
            wall, steady = self._clock(), time.monotonic()
            await asyncio.sleep(CLEANING)
            now = self._clock()
            drift = (now - wall) - (time.monotonic() - steady)
            # A clock that was set wrong must not delete the period that it is in truth.
            if self._ledger is None or abs(drift) > CLOCK_ERROR:
                continue
            try:
                await self._ledger.forget(int(now - KEEP))
            except GatewayError as error:
                log.warning("old budgets are deleted later", reason=error.message)
            except Exception:
                log.exception("deleting old budgets failed")

    async def _add(self, changes: dict[Row, float]) -> None:
        await (await self._opened()).add(changes)

    async def _opened(self) -> Ledger:
        if self._ledger is None:
            self._ledger = await self._open_ledger()
        return self._ledger
