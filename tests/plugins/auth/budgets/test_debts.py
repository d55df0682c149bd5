"""What is written later."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from localai import Unavailable
from plugins.auth.budgets import debts as debts_module
from plugins.auth.budgets.debts import Debts
from plugins.auth.budgets.ledger import Row

A, B = Row("key:a", "tokens", "day", 0), Row("key:b", "wh", "hour", 0)


class Table:
    """Sums what is written; fails while `failure` is set, hangs while `gate` is not."""

    def __init__(self) -> None:
        self.sums: Counter[Row] = Counter()
        self.writes = 0
        self.failure: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.tried = asyncio.Event()

    async def write(self, changes: dict[Row, float]) -> None:
        """Write."""
        self.tried.set()
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        self.writes += 1
        for row, change in changes.items():
            self.sums[row] += change  # type: ignore[assignment]


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the waits short."""
    monkeypatch.setattr(debts_module, "RETRY", 0.02)
    monkeypatch.setattr(debts_module, "LAST_TRIES", 0.2)


@given(st.lists(st.tuples(st.sampled_from([A, B]), st.integers(-9, 9))))
async def test_all_changes_arrive_in_few_writes(changes: list[tuple[Row, int]]) -> None:
    """However many changes there are, the sums are right, and those of a row go together."""
    table = Table()
    debts = Debts(table.write)
    for row, change in changes:
        debts.owe(row, change)
    await debts.pay()
    assert len(debts) == 0
    assert table.writes == any(change for _, change in changes)
    for row in (A, B):
        assert table.sums[row] == sum(change for each, change in changes if each == row)


async def test_changes_are_written_in_the_background() -> None:
    """Nobody has to wait for a change, and none is left at the end."""
    table = Table()
    debts = Debts(table.write)
    async with debts.lifespan():
        debts.owe(A, 5)
        async with asyncio.timeout(5):
            await table.tried.wait()
        assert table.sums == {A: 5}
        debts.owe(B, -1)
    assert table.sums == {A: 5, B: -1}


@pytest.mark.parametrize("failure", [Unavailable("away"), RuntimeError("a bug")])
async def test_a_write_that_fails_is_tried_again(failure: Exception) -> None:
    """While the database is away changes add up, and are written when it is back."""
    table = Table()
    table.failure = failure
    debts = Debts(table.write)
    with capture_logs() as lines:
        async with debts.lifespan():
            debts.owe(A, 5)
            async with asyncio.timeout(5):
                await table.tried.wait()
            debts.owe(A, 2)
            table.failure = None
    assert table.sums == {A: 7}
    assert lines[0]["log_level"] in ("warning", "error")


async def test_what_can_not_be_written_at_all_is_in_the_log() -> None:
    """At the end with the database away, each change is logged with its row."""
    table = Table()
    table.failure = Unavailable("away")
    debts = Debts(table.write)
    with capture_logs() as lines:
        async with debts.lifespan():
            debts.owe(A, 5)
    lost = [line for line in lines if line["log_level"] == "error"]
    assert [(line["subject"], line["change"]) for line in lost] == [("key:a", 5)]


async def test_a_write_that_is_under_way_at_the_end_is_not_cut() -> None:
    """Its transaction ends as it would have, and what came meanwhile is written after it."""
    table = Table()
    table.gate.clear()
    debts = Debts(table.write)
    async with asyncio.timeout(5), debts.lifespan():
        debts.owe(A, 1)
        await table.tried.wait()
        debts.owe(A, 2)
        asyncio.get_running_loop().call_later(0.05, table.gate.set)
    assert (table.sums, table.writes) == ({A: 3}, 2)


async def test_memory_is_bounded_and_what_goes_beyond_is_logged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A change that finds no room is logged; rows that have room go on adding up."""
    monkeypatch.setattr(debts_module, "MOST_OWED", 1)
    table = Table()
    debts = Debts(table.write)
    with capture_logs() as lines:
        debts.owe(A, 1)
        debts.owe(B, 2)
        debts.owe(A, 3)
    assert len(debts) == 1
    assert [(line["subject"], line["change"]) for line in lines] == [("key:b", 2)]
    await debts.pay()
    assert table.sums == {A: 4}


async def test_who_pays_waits_for_what_others_are_writing() -> None:
    """After `pay` all that was owed before is in the table, whoever wrote it."""
    table = Table()
    table.gate.clear()
    debts = Debts(table.write)
    debts.owe(A, 1)
    first = asyncio.create_task(debts.pay())
    await table.tried.wait()
    second = asyncio.create_task(debts.pay())
    await asyncio.sleep(0)
    assert not second.done()
    table.gate.set()
    await second
    assert table.sums == {A: 1}
    await first
