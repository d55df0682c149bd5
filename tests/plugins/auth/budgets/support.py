"""A ledger in memory, and a clock that a test sets."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from localai import Unavailable
from plugins.auth.budgets.accounts import Accounts
from plugins.auth.budgets.ledger import Entry, Grant, Ledger, Refused, Row
from plugins.auth.budgets.rules import Account

TOKENS = Account("key:a", "tokens", "day", 1000, "your key")
SECONDS = Account("tenant t", "gpu_seconds", "hour", 60, "your tenant")
NOON = 1_800_014_400.0
"""2027-01-15T12:00:00 in UTC."""


class Clock:
    """The time that budgets go by."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class MemoryLedger:
    """Stands for the table; may be away, or hang until `gate` is set."""

    def __init__(self) -> None:
        self.rows: dict[Row, float] = {}
        self.away = False
        self.gate: asyncio.Event | None = None
        self.asked = asyncio.Event()
        """Set by the first transaction."""
        self.writes = 0
        """Transactions that were committed."""
        self.forgotten: list[int] = []

    async def reserve(self, entries: Sequence[Entry]) -> list[Grant]:
        """Grant all entries or none."""
        await self._begin()
        for position, entry in enumerate(entries):
            left = entry.limit - self.rows.get(entry.row, 0)
            if entry.least > left:
                raise Refused(position, left)
        grants = []
        for row, wanted, _, limit in entries:
            amount = min(wanted, limit - self.rows.get(row, 0))
            self.rows[row] = self.rows.get(row, 0) + amount
            grants.append(Grant(row, amount, limit - self.rows[row]))
        self.writes += 1
        return grants

    async def add(self, changes: dict[Row, float]) -> None:
        """Change rows, none to below zero."""
        await self._begin()
        for row, change in changes.items():
            self.rows[row] = max(0, self.rows[row] + change)
        self.writes += 1

    async def forget(self, before: int) -> None:
        """Delete old rows."""
        await self._begin()
        self.forgotten.append(before)

    def taken(self, account: Account) -> float:
        """Return what a budget's owner has taken in all periods."""
        return sum(amount for row, amount in self.rows.items() if row[:3] == account[:3])

    async def _begin(self) -> None:
        self.asked.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.away:
            raise Unavailable("the database is away")


@asynccontextmanager
async def accounting(
    ledger: Ledger, clock: Callable[[], float] | None = None
) -> AsyncIterator[Accounts]:
    """Run accounts on a ledger."""

    async def open_ledger() -> Ledger:
        return ledger

    accounts = Accounts(open_ledger, clock or Clock())
    async with accounts.lifespan():
        yield accounts


async def settled(accounts: Accounts) -> None:
    """Wait until all is settled."""
    await until(lambda: not accounts.unsettled)


async def until(condition: Callable[[], object]) -> None:
    """Wait until something is so, of which nothing tells."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
