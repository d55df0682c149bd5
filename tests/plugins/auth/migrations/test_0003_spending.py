"""The table of budgets, as the revision makes it."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from localai import Database
from plugins.auth.tables import MIGRATIONS, metadata


def _is_ours(described: Any, name: str, kind: str, *_: object) -> bool:
    return bool((name if kind == "table" else described.table.name) == "spending")


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"include_object": _is_ours})
    return list(compare_metadata(context, metadata))


def _drop(connection: Connection) -> None:
    script = ScriptDirectory(MIGRATIONS, version_locations=[MIGRATIONS]).get_revision("0003")
    with Operations.context(MigrationContext.configure(connection)):
        script.module.downgrade()


async def test_the_table_is_as_described(database: Database) -> None:
    """The revision makes the table that reservations are written to, and takes it back."""
    await database.prepare("auth", MIGRATIONS)
    async with database.write() as connection:
        assert await connection.run_sync(_differences) == []
        await connection.run_sync(_drop)
        assert "spending" not in await connection.run_sync(
            lambda each: inspect(each).get_table_names()
        )
