"""Two replicas on one ledger, against a model: whatever calls do, no budget is overspent."""

import asyncio
import shutil
from collections import defaultdict
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from localai import BudgetSpent
from plugins.auth.budgets.accounts import Accounts, Claim
from plugins.auth.budgets.ledger import Grant, Row
from plugins.auth.budgets.rules import Account
from plugins.auth.budgets.store import open_store
from plugins.auth.tables import spending
from tests.plugins.auth.budgets.support import Clock, MemoryLedger, accounting, settled
from tests.servers.databases import database_at

LIMIT = 100
DAYS = Account("key:a", "tokens", "day", LIMIT, "your key")
HOURS = Account("tenant t", "tokens", "hour", LIMIT // 2, "your tenant")
REPLICAS = st.integers(0, 1)
AMOUNTS = st.integers(1, 60)

OpenLedger = Callable[[AsyncExitStack], Any]


class Running:
    """A call: what it was granted of each budget, and how much it has taken."""

    def __init__(self, replica: int, budgets: tuple[Account, ...], grants: list[Grant]) -> None:
        self.replica = replica
        self.budgets = budgets
        self.grants = [[grant] for grant in grants]
        self.taken = 0


class Replicas(RuleBasedStateMachine):
    """Calls on two replicas begin, take more and end, while the clock is set and resets."""

    calls = Bundle("calls")

    def __init__(self, open_ledger: OpenLedger) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.clock = Clock()
        self.model: dict[Row, int] = defaultdict(int)
        self.beyond: dict[Row, int] = defaultdict(int)
        """By how much answers turned out longer than they had been counted."""
        self.ledger, self.read, self.replicas = self.run(self._start(open_ledger))

    async def _start(self, open_ledger: OpenLedger) -> Any:
        ledger, read = await open_ledger(self.stack)
        replicas = [
            await self.stack.enter_async_context(accounting(ledger, self.clock)) for _ in "ab"
        ]
        return ledger, read, replicas

    def run(self, work: Any) -> Any:
        """Run something on the machine's event loop."""
        return self.runner.run(work)

    def teardown(self) -> None:
        """End the replicas."""
        self.run(self.stack.aclose())
        self.runner.close()

    @rule(target=calls, replica=REPLICAS, wanted=AMOUNTS, least=AMOUNTS, both=st.booleans())
    def begin(self, replica: int, wanted: int, least: int, both: bool) -> Any:
        """A call begins if its least fits every budget; it gets what is left."""
        budgets = (DAYS, HOURS) if both else (DAYS,)
        wanted, least = max(wanted, least), min(wanted, least)
        grants = self._reserve(replica, [Claim(budget, wanted, least) for budget in budgets])
        return Running(replica, budgets, grants) if grants else None

    @rule(call=calls, amount=st.integers(1, 30), block=AMOUNTS)
    def take(self, call: Any, amount: int, block: int) -> None:
        """A call takes more; beyond its grants it must get more, or it ends where they do."""
        if call is None:
            return
        taken = call.taken + amount
        claims, positions = [], []
        for position, grants in enumerate(call.grants):
            missing = taken - sum(int(grant.amount) for grant in grants)
            if missing > 0:
                positions.append(position)
                claims.append(Claim(call.budgets[position], missing + block, missing))
        if claims:
            more = self._reserve(call.replica, claims, extends=True)
            if not more:
                return
            for position, grant in zip(positions, more, strict=True):
                call.grants[position].append(grant)
        call.taken = taken

    @rule(call=consumes(calls), more=st.integers(0, 3))
    def end(self, call: Any, more: int) -> None:
        """A call ends, and has perhaps taken a little more than was counted."""
        if call is None:
            return
        accounts: Accounts = self.replicas[call.replica]
        for grants in call.grants:
            rest = call.taken + more
            for grant in grants:
                share = rest if grant is grants[-1] else min(rest, int(grant.amount))
                rest -= share
                self.model[grant.row] += share - int(grant.amount)
            self.beyond[grants[-1].row] += more
            self._on_loop(accounts.settle, grants, call.taken + more)
        self.run(settled(accounts))

    @rule(hours=st.integers(-50, 50))
    def set_clock(self, hours: int) -> None:
        """The clock jumps, also back into periods that were over."""
        self.clock.now += hours * 3600

    @invariant()
    def nothing_is_overspent(self) -> None:
        """A row holds what the model says: never more than its limit and what was not counted."""
        rows = self.run(self.read())
        assert rows == {row: amount for row, amount in self.model.items() if row in rows}
        assert all(self.model[row] == 0 for row in self.model.keys() - rows.keys())
        for row, amount in rows.items():
            limit = DAYS.limit if row.period == "day" else HOURS.limit
            assert 0 <= amount <= limit + self.beyond[row]

    def _reserve(
        self, replica: int, claims: list[Claim], *, extends: bool = False
    ) -> list[Grant] | None:
        entries = [claim.entry(self.clock.now) for claim in claims]
        left = [int(entry.limit) - self.model[entry.row] for entry in entries]
        fits = all(entry.least <= each for entry, each in zip(entries, left, strict=True))
        try:
            grants: list[Grant] = self.run(self.replicas[replica].reserve(claims, extends=extends))
        except BudgetSpent:
            assert not fits
            return None
        assert fits
        for entry, grant, each in zip(entries, grants, left, strict=True):
            assert grant.amount == min(entry.wanted, each)
            assert grant.left == each - grant.amount
            self.model[entry.row] += int(grant.amount)
        return grants

    def _on_loop(self, function: Callable[..., None], *arguments: Any) -> None:
        async def call() -> None:
            function(*arguments)

        self.run(call())


def test_replicas_in_memory_never_overspend() -> None:
    """The bookkeeping is right in any order of calls, ends and jumps of the clock."""

    async def open_ledger(stack: AsyncExitStack) -> Any:
        ledger = MemoryLedger()

        async def read() -> dict[Row, float]:
            return dict(ledger.rows)

        return ledger, read

    machine: Any = partial(Replicas, open_ledger)
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=60, stateful_step_count=30, deadline=None),
    )


def test_replicas_on_sqlite_never_overspend(tmp_path: Path) -> None:
    """So it is with the table of the database."""
    template = tmp_path / "template.db"

    async def prepare() -> None:
        database = database_at(f"sqlite:{template}", tmp_path)
        await open_store(database)
        await database.close()

    asyncio.run(prepare())

    async def open_ledger(stack: AsyncExitStack) -> Any:
        shutil.copy(template, tmp_path / "localai.db")
        database = database_at(f"sqlite:{tmp_path}/localai.db", tmp_path)
        stack.push_async_callback(database.close)

        async def read() -> dict[Row, float]:
            async with database.read() as connection:
                found = await connection.execute(select(spending))
                return {Row(*key): amount for *key, amount in found}

        return await open_store(database), read

    machine: Any = partial(Replicas, open_ledger)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=10,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
