"""Reservations, and what becomes of them."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from localai import BudgetSpent, Unavailable
from plugins.auth.budgets import accounts as accounts_module
from plugins.auth.budgets.accounts import KEEP, Accounts, Claim
from plugins.auth.budgets.ledger import Entry, Grant
from plugins.auth.budgets.periods import DAY
from tests.plugins.auth.budgets.support import (
    NOON,
    SECONDS,
    TOKENS,
    Clock,
    MemoryLedger,
    accounting,
    settled,
    until,
)


@pytest.fixture
def ledger() -> MemoryLedger:
    """An empty ledger."""
    return MemoryLedger()


def claim(wanted: float, least: float = 1, **changes: Any) -> Claim:
    """Return a claim on a budget of 1000 tokens a day."""
    return Claim(TOKENS._replace(**changes), wanted, least)


async def test_a_grant_is_what_was_wanted_or_what_is_left(ledger: MemoryLedger) -> None:
    """The last call gets the rest, and the one after it nothing."""
    async with accounting(ledger) as accounts:
        (first,) = await accounts.reserve([claim(700)])
        (second,) = await accounts.reserve([claim(700)])
        assert (first.amount, first.left, second.amount, second.left) == (700, 300, 300, 0)
        with pytest.raises(BudgetSpent, match="is used up: it starts again in 12 h 0 min"):
            await accounts.reserve([claim(1)])


async def test_who_needs_more_than_is_left_is_told_so(ledger: MemoryLedger) -> None:
    """A prompt that does not fit is refused before it runs; a running answer is at its end."""
    async with accounting(ledger) as accounts:
        await accounts.reserve([claim(900)])
        with pytest.raises(BudgetSpent, match=r"needs about 150 tokens, and the .* has 100 left"):
            await accounts.reserve([claim(300, 150)])
        with pytest.raises(BudgetSpent, match="is used up"):
            await accounts.reserve([claim(300, 150)], extends=True)


async def test_all_budgets_are_reserved_or_none(ledger: MemoryLedger) -> None:
    """Where one of a call's budgets is used up, the others keep what they have."""
    async with accounting(ledger) as accounts:
        await accounts.reserve([Claim(SECONDS, 60, 1)])
        with pytest.raises(BudgetSpent, match="60 GPU-seconds per hour for your tenant"):
            await accounts.reserve([claim(100), Claim(SECONDS, 5, 1)])
        assert ledger.taken(TOKENS) == 0


async def test_what_was_not_taken_is_given_back(ledger: MemoryLedger) -> None:
    """After an answer its budget holds what it took; a longer one than granted counts in full."""
    async with accounting(ledger) as accounts:
        accounts.settle(await accounts.reserve([claim(300)]), 40)
        await settled(accounts)
        assert ledger.taken(TOKENS) == 40
        accounts.settle(await accounts.reserve([claim(300)]), 500)
        await settled(accounts)
        assert ledger.taken(TOKENS) == 540


async def test_what_is_given_back_can_be_reserved_at_once(ledger: MemoryLedger) -> None:
    """A call right after another one's end finds what that did not take."""
    async with accounting(ledger) as accounts:
        for _ in range(20):
            grants = await accounts.reserve([claim(1000, 980)])
            accounts.settle(grants, 1)


async def test_each_period_has_its_own_budget(ledger: MemoryLedger) -> None:
    """At midnight the budget is whole again, and an answer that runs on takes from both days."""
    clock = Clock()
    async with accounting(ledger, clock) as accounts:
        grants = await accounts.reserve([claim(1000)])
        clock.now += DAY
        grants += await accounts.reserve([claim(200)], extends=True)
        accounts.settle(grants, 1100)
        await settled(accounts)
        assert sorted(ledger.rows.values()) == [100, 1000]


async def test_a_clock_that_is_set_back_gives_no_second_budget(ledger: MemoryLedger) -> None:
    """What was taken today stays taken, wherever the clock has been meanwhile."""
    clock = Clock()
    async with accounting(ledger, clock) as accounts:
        await accounts.reserve([claim(1000)])
        for days in (1, -1, 400, -400):
            clock.now = NOON + days * DAY
            await accounts.reserve([claim(1)])
            clock.now = NOON - 60
            with pytest.raises(BudgetSpent):
                await accounts.reserve([claim(1)])


async def test_without_the_database_nothing_is_granted(ledger: MemoryLedger) -> None:
    """Budgets fail closed, and what was to be settled is settled when the database is back."""
    async with accounting(ledger) as accounts:
        grants = await accounts.reserve([claim(300)])
        ledger.away = True
        accounts.settle(grants, 100)
        with pytest.raises(Unavailable):
            await accounts.reserve([claim(1)])
        assert accounts.unsettled == 1
        ledger.away = False
        (grant,) = await accounts.reserve([claim(1)])
        assert grant.left == 899


async def test_the_database_is_opened_with_the_first_reservation(ledger: MemoryLedger) -> None:
    """Nothing is opened before, and one that can't be opened yet is tried again."""
    tries = []

    async def open_ledger() -> MemoryLedger:
        tries.append(ledger)
        if len(tries) == 1:
            raise Unavailable("not yet")
        return ledger

    accounts = Accounts(open_ledger, Clock())
    async with accounts.lifespan():
        assert tries == []
        with pytest.raises(Unavailable):
            await accounts.reserve([claim(1)])
        await accounts.reserve([claim(1)])
        await accounts.reserve([claim(1)])
    assert len(tries) == 2


async def test_a_reservation_of_who_has_left_is_given_back(ledger: MemoryLedger) -> None:
    """A caller that leaves while its reservation is made takes nothing, whenever it is made."""
    async with accounting(ledger) as accounts:
        ledger.gate = asyncio.Event()
        waiting = asyncio.create_task(accounts.reserve([claim(300)]))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        ledger.gate.set()
        await until(lambda: ledger.writes == 2)
        assert ledger.taken(TOKENS) == 0


async def test_the_end_waits_for_reservations_and_settles_them(
    ledger: MemoryLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is under way when the router stops is in the table when it has stopped."""
    async with accounting(ledger) as accounts:
        grants = await accounts.reserve([claim(300)])
        committed, reserve = asyncio.Event(), ledger.reserve

        async def slowly(entries: Sequence[Entry]) -> list[Grant]:
            made = await reserve(entries)
            await committed.wait()
            return made

        monkeypatch.setattr(ledger, "reserve", slowly)
        waiting = asyncio.create_task(accounts.reserve([claim(200)]))
        await until(lambda: ledger.writes == 2)
        waiting.cancel()
        accounts.settle(grants, 7)
        asyncio.get_running_loop().call_later(0.05, committed.set)
    assert ledger.taken(TOKENS) == 7
    assert waiting.cancelled()


def true_time() -> float:
    """Return the time by a wall clock that nobody sets."""
    return NOON + time.monotonic()


class TestCleaning:
    """Old periods are deleted."""

    @pytest.fixture(autouse=True)
    def hurry(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Look every millisecond, not every hour."""
        monkeypatch.setattr(accounts_module, "CLEANING", 0.001)

    async def test_periods_of_last_year_are_deleted(self, ledger: MemoryLedger) -> None:
        """All that began more than thirteen months ago goes."""
        async with accounting(ledger, true_time) as accounts:
            await accounts.reserve([claim(1)])
            await until(lambda: ledger.forgotten)
        assert ledger.forgotten[0] == pytest.approx(true_time() - KEEP, abs=10)

    async def test_nothing_is_deleted_by_a_clock_that_was_set(self, ledger: MemoryLedger) -> None:
        """A clock that jumps says nothing about the age of a period."""
        looks = []

        def jumping() -> float:
            looks.append(1)
            return NOON + 100 * len(looks)

        async with accounting(ledger, jumping) as accounts:
            await accounts.reserve([claim(1)])
            await until(lambda: len(looks) > 9)
        assert ledger.forgotten == []

    async def test_a_router_without_budgets_deletes_nothing(self, ledger: MemoryLedger) -> None:
        """The database is not touched before the first reservation."""
        looks = []

        def counting() -> float:
            looks.append(1)
            return true_time()

        with capture_logs() as lines:
            async with accounting(ledger, counting):
                await until(lambda: len(looks) > 9)
        assert (ledger.forgotten, lines) == ([], [])

    @pytest.mark.parametrize("failure", ["away", "bug"])
    async def test_a_failure_is_logged_and_tried_again(
        self,
        ledger: MemoryLedger,
        failure: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Cleaning goes on an hour later, whatever failed."""
        tries = []

        async def forget(before: int) -> None:
            tries.append(before)
            raise Unavailable("away") if failure == "away" else RuntimeError("a bug")

        monkeypatch.setattr(ledger, "forget", forget)
        with capture_logs() as lines:
            async with accounting(ledger, true_time) as accounts:
                await accounts.reserve([claim(1)])
                await until(lambda: len(tries) > 2)
        assert lines
