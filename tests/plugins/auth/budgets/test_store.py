"""The table, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from itertools import permutations
from pathlib import Path

import pytest
from sqlalchemy import select

from localai import Database, Unavailable
from plugins.auth.budgets import store as store_module
from plugins.auth.budgets.ledger import Entry, Grant, Refused, Row
from plugins.auth.budgets.store import SpendingStore, open_store
from plugins.auth.tables import spending
from tests.servers.databases import database_at
from tests.servers.postgres import Postgres

DAY = Row("key:a", "tokens", "day", 86_400)
HOUR = Row("tenant t", "gpu_seconds", "hour", 90_000)


@pytest.fixture
async def store(database: Database) -> SpendingStore:
    """A store with an empty table."""
    return await open_store(database)


@pytest.fixture
async def other(
    store: SpendingStore, database_url: str, tmp_path: Path
) -> AsyncIterator[SpendingStore]:
    """The store of another replica, on the same table."""
    database = database_at(database_url, tmp_path)
    yield await open_store(database)
    await database.close()


async def amounts(database: Database) -> dict[Row, float]:
    """Return the whole table."""
    async with database.read() as connection:
        return {Row(*key): amount for *key, amount in await connection.execute(select(spending))}


async def test_a_grant_is_what_was_wanted_or_what_is_left(
    store: SpendingStore, database: Database
) -> None:
    """A row is made with the first grant, and never goes beyond its limit."""
    assert await store.reserve([Entry(DAY, 700, 1, 1000)]) == [Grant(DAY, 700, 300)]
    assert await store.reserve([Entry(DAY, 700, 1, 1000)]) == [Grant(DAY, 300, 0)]
    with pytest.raises(Refused) as refused:
        await store.reserve([Entry(DAY, 700, 1, 1000)])
    assert refused.value.left == 0
    assert await amounts(database) == {DAY: 1000}


async def test_the_first_grant_is_cut_to_the_limit_too(
    store: SpendingStore, database: Database
) -> None:
    """A budget smaller than a reservation is granted whole, but not to who needs more."""
    with pytest.raises(Refused) as refused:
        await store.reserve([Entry(DAY, 700, 101, 100)])
    assert refused.value.left == 100
    assert await store.reserve([Entry(DAY, 700.5, 1, 100)]) == [Grant(DAY, 100, 0)]
    assert await amounts(database) == {DAY: 100}


async def test_all_entries_are_granted_or_none(store: SpendingStore, database: Database) -> None:
    """The first that is refused undoes the others, and is named by its place."""
    await store.reserve([Entry(HOUR, 60, 1, 60)])
    for entries in ([Entry(DAY, 5, 1, 10), Entry(HOUR, 5, 1, 60)], [Entry(HOUR, 5, 1, 60)] * 2):
        with pytest.raises(Refused) as refused:
            await store.reserve(entries)
        assert entries[refused.value.position].row == HOUR
    assert await amounts(database) == {HOUR: 60}
    grants = await store.reserve([Entry(HOUR, 5, 1, 70), Entry(DAY, 5.5, 1, 10)])
    assert grants == [Grant(HOUR, 5, 5), Grant(DAY, 5.5, 4.5)]


async def test_changes_add_up_and_end_at_zero(store: SpendingStore, database: Database) -> None:
    """Many rows change at once; none falls below zero, and one that is gone stays gone."""
    await store.reserve([Entry(DAY, 700, 1, 1000), Entry(HOUR, 30, 1, 60)])
    await store.add({DAY: -650.5, HOUR: 100, DAY._replace(subject="gone"): 5})
    assert await amounts(database) == {DAY: 49.5, HOUR: 130}
    await store.add({DAY: -50})
    assert (await amounts(database))[DAY] == 0


async def test_parallel_calls_on_replicas_get_no_more_than_there_is(
    store: SpendingStore, other: SpendingStore, database: Database
) -> None:
    """Of 50 calls at once, on two replicas, a budget for ten and a half admits eleven."""

    async def one(number: int) -> float:
        try:
            (grant,) = await (store, other)[number % 2].reserve([Entry(DAY, 10, 1, 105)])
        except Refused:
            return 0
        return grant.amount

    granted = await asyncio.gather(*map(one, range(50)))
    assert sorted(granted)[-12:] == [0, 5, *[10] * 10]
    assert await amounts(database) == {DAY: 105}


async def test_calls_with_several_budgets_never_block_each_other(
    store: SpendingStore, other: SpendingStore, database: Database
) -> None:
    """In whichever order calls name the same rows, all of them are granted, and all add up."""
    rows = [DAY._replace(subject=f"key:{letter}") for letter in "abcd"]
    orders = list(permutations(rows, 3))

    async def one(number: int) -> None:
        mixed = orders[number % len(orders)]
        ledger = (store, other)[number % 2]
        await ledger.reserve([Entry(row, 1, 1, 1e6) for row in mixed])
        await ledger.add(dict.fromkeys(reversed(mixed), 1.0))

    await asyncio.gather(*map(one, range(40)))
    assert sum((await amounts(database)).values()) == 40 * 3 * 2


async def test_old_periods_are_deleted_a_few_at_a_time(
    store: SpendingStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All rows of periods that began before a time go, however many there are."""
    monkeypatch.setattr(store_module, "MOST_FORGOTTEN", 3)
    rows = [DAY._replace(period_start=start) for start in range(10)]
    await store.reserve([Entry(row, 1, 1, 1000) for row in rows])
    await store.forget(8)
    assert list(await amounts(database)) == rows[8:]
    await store.forget(8)


async def test_without_the_database_nothing_is_granted(postgres: Postgres, tmp_path: Path) -> None:
    """While the server is away everything is refused; afterwards the table is as it was."""
    database = database_at(postgres.url(), tmp_path, 'timeout = "1s"')
    try:
        store = await open_store(database)
        await store.reserve([Entry(DAY, 1, 1, 1000)])
        postgres.stop()
        with pytest.raises(Unavailable):
            await store.reserve([Entry(DAY, 1, 1, 1000)])
        with pytest.raises(Unavailable):
            await store.add({DAY: 1})
        with pytest.raises(Unavailable):
            await store.forget(1)
        postgres.start()
        assert await store.reserve([Entry(DAY, 1, 1, 1000)]) == [Grant(DAY, 1, 998)]
    finally:
        await database.close()
