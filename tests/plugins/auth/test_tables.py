"""The tables, and the numbers of their changes."""

import asyncio
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, select, text, update

from localai import Database
from plugins.auth.tables import MIGRATIONS, changes, keys, metadata, next_version
from tests.plugins.auth.keys.support import CHAT, issue, prepared


@pytest.mark.parametrize("tables", [None, metadata], ids=["revisions", "at once"])
async def test_the_revisions_make_these_tables(database: Database, tables: MetaData | None) -> None:
    """What `tables.py` says is what the revisions make, to the last index and first row."""
    await database.prepare("auth", MIGRATIONS, tables)

    def differences(connection: Connection) -> Any:
        options = {"include_name": lambda name, kind, _: kind != "table" or name in metadata.tables}
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []
        rows = await connection.execute(select(changes.c.kind, changes.c.version))
        assert sorted(tuple(row) for row in rows) == [("keys", 0), ("users", 0)]
        found = await connection.execute(text("SELECT version_num FROM alembic_version_auth"))
        assert found.scalars().all() == ["0003"]


async def test_versions_count_the_changes(database: Database) -> None:
    """Each kind counts its own changes from 0; a change that is undone has not happened."""
    await prepared(database)
    async with database.write() as connection:
        assert [await next_version(connection, "keys") for _ in range(3)] == [1, 2, 3]
    try:
        async with database.write() as connection:
            await next_version(connection, "keys")
            raise InterruptedError
    except InterruptedError:
        pass
    async with database.read() as connection:
        rows = await connection.execute(select(changes.c.kind, changes.c.version))
        assert {(kind, version) for kind, version in rows} >= {("keys", 3)}
    async with database.write() as connection:
        assert await next_version(connection, "keys") == 4


async def test_versions_appear_in_their_order(database: Database) -> None:
    """Whoever sees a number sees all rows with numbers up to it, however many write at once."""
    store = await prepared(database)
    done = asyncio.Event()

    async def write() -> None:
        for _ in range(10):
            await issue(store)

    async def watch() -> None:
        while not done.is_set():
            async with database.read() as connection:
                query = select(changes.c.version).where(changes.c.kind == "keys")
                version = (await connection.execute(query)).scalar_one()
                seen = select(keys.c.version).where(keys.c.version <= version)
                found = sorted((await connection.execute(seen)).scalars())
            assert found == list(range(1, version + 1))

    watcher = asyncio.create_task(watch())
    await asyncio.gather(*(write() for _ in range(5)))
    done.set()
    await watcher


async def test_nothing_stands_for_everything(database: Database) -> None:
    """No models is SQL's NULL, and not JSON's, so that a hand in the database can look for it."""
    store = await prepared(database)
    _, key = await issue(store, "me", CHAT)
    async with database.write() as connection:
        found = await connection.execute(select(keys.c.kid).where(keys.c.models.is_(None)))
        assert found.scalars().all() == [key.kid]
        await connection.execute(update(keys).values(models=["a"]))
        found = await connection.execute(select(keys.c.kid).where(keys.c.models.is_(None)))
        assert found.scalars().all() == []
