"""Reading what has changed."""

import time
from contextlib import aclosing
from functools import partial

import pytest
from sqlalchemy import insert, select, update
from structlog.testing import capture_logs

from localai import Database, SettingsError
from plugins.auth.grants import Grants
from plugins.auth.keys.record import KEYS, Key
from plugins.auth.keys.store import KeyStore
from plugins.auth.replica import KEEP_ENDED, PARTITION, Change, changed
from plugins.auth.tables import changes, keys
from tests.plugins.auth.keys.support import issue, prepared, revoke


@pytest.fixture
async def store(database: Database) -> KeyStore:
    """An empty store."""
    return await prepared(database)


async def since(database: Database, version: int | None, most: int = 1000) -> Change | None:
    """Return what changed of keys since a version, or the whole when there is none."""
    seen = {} if version is None else {"keys": version}
    async with (
        database.read() as connection,
        aclosing(changed(connection, [KEYS], seen, most)) as found,
    ):
        return await anext(found, None)


async def test_only_what_has_changed_is_read(database: Database, store: KeyStore) -> None:
    """The first time all rows come, later those written since, and nothing while nothing was."""
    empty = await since(database, None)
    assert empty == Change(KEYS, 0, True, [])
    _, one = await issue(store)
    _, two = await issue(store)
    whole = await since(database, None)
    assert whole is not None
    assert (whole.version, whole.is_whole) == (2, True)
    assert {record.id for record in whole.records} == {one.id, two.id}
    assert await since(database, 2) is None
    await revoke(store, one.kid)
    new = await since(database, 2)
    assert new is not None
    assert (new.version, new.is_whole) == (3, False)
    assert [record.id for record in new.records] == [one.id]


async def test_a_database_that_was_restored_is_read_whole(
    database: Database, store: KeyStore
) -> None:
    """A count of changes that fell says that the rows are other ones."""
    _, one = await issue(store)
    async with database.write() as connection:
        await connection.execute(update(changes).values(version=1))
    found = await since(database, 7)
    assert found is not None
    assert found.is_whole
    assert [record.id for record in found.records] == [one.id]


async def test_what_ended_long_ago_is_left_out(database: Database, store: KeyStore) -> None:
    """A month after its end a key is not held any more; before that, its caller is told why."""
    now = time.time()
    ends = {"long ago": now - KEEP_ENDED - 9, "just now": now - 9, "never": None}
    for name, end in ends.items():
        await issue(store, f"expired {name}", Grants(scopes=("chat",), expires_at=end))
        _, key = await issue(store, f"revoked {name}")
        await store.change(key.kid, partial(_end, end))
    found = await since(database, None)
    assert found is not None
    names = {getattr(record, "name", "") for record in found.records}
    assert names == {f"{how} {when}" for how in ("expired", "revoked") for when in list(ends)[1:]}


def _end(moment: float | None, key: Key) -> dict[str, float | None]:
    return {"revoked_at": moment}


async def test_there_is_a_bound(database: Database, store: KeyStore) -> None:
    """What has ended is left out when there is too much, and too much that lives is refused."""
    made = [await issue(store) for _ in range(4)]
    await revoke(store, made[0][1].kid)
    found = await since(database, None, most=4)
    assert found is not None
    assert len(found.records) == 4
    found = await since(database, None, most=3)
    assert found is not None
    assert {record.id for record in found.records} == {key.id for _, key in made[1:]}
    with pytest.raises(SettingsError, match="more than 2 keys, too many to hold in memory"):
        await since(database, None, most=2)


async def test_a_broken_row_is_left_out(database: Database, store: KeyStore) -> None:
    """A row that a hand in the database has broken is logged by its id, and opens nothing."""
    _, one = await issue(store)
    _, two = await issue(store)
    async with database.write() as connection:
        await connection.execute(update(keys).where(keys.c.kid == one.kid).values(scopes=7))
    with capture_logs() as entries:
        found = await since(database, None)
    assert found is not None
    assert [record.id for record in found.records] == [two.id]
    assert [
        (entry["event"], entry["id"]) for entry in entries if entry["log_level"] == "error"
    ] == [("a row can't be read", one.id)]


async def test_many_rows_are_read(database: Database, store: KeyStore) -> None:
    """More rows than are read at a time come whole."""
    await issue(store)
    async with database.write() as connection:
        row = (await connection.execute(select(keys))).mappings().one()
        copies = [{**row, "kid": f"{number:010}"} for number in range(3 * PARTITION + 1)]
        await connection.execute(insert(keys), copies)
    found = await since(database, None)
    assert found is not None
    assert len({record.id for record in found.records}) == 3 * PARTITION + 2
