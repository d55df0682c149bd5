"""The tables of users, as the revision makes them."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select

from localai import Database
from plugins.auth.tables import MIGRATIONS, changes, metadata

OURS = {"users", "sessions"}


def _is_ours(described: Any, name: str, kind: str, *_: object) -> bool:
    return (name if kind == "table" else described.table.name) in OURS


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"include_object": _is_ours})
    return list(compare_metadata(context, metadata))


def _drop(connection: Connection) -> None:
    script = ScriptDirectory(MIGRATIONS, version_locations=[MIGRATIONS]).get_revision("0002")
    with Operations.context(MigrationContext.configure(connection)):
        script.module.downgrade()


async def test_the_tables_are_as_described(database: Database) -> None:
    """The revision makes the tables that users are written to, and takes them back."""
    await database.prepare("auth", MIGRATIONS)
    query = select(changes.c.version).where(changes.c.kind == "users")
    async with database.write() as connection:
        assert await connection.run_sync(_differences) == []
        assert (await connection.execute(query)).scalar() == 0
        await connection.run_sync(_drop)
        assert (await connection.execute(query)).scalar() is None
        names = await connection.run_sync(lambda each: inspect(each).get_table_names())
    assert not OURS & set(names)
