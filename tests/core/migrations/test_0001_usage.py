"""The table of usage, as the revisions make it."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, inspect

from core.database import Database
from core.usage_table import FAMILY, MIGRATIONS, USAGE

INDEXES = {"usage_at": ["at"], "usage_key_at": ["key", "at"], "usage_tenant_at": ["tenant", "at"]}


def _differences(connection: Connection) -> list[object]:
    options = {"version_table": f"alembic_version_{FAMILY}", "include_object": _is_no_index}
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, USAGE.metadata))


def _is_no_index(_: object, __: str, kind: str, *___: object) -> bool:
    return kind != "index"


@pytest.mark.parametrize("tables", [None, USAGE.metadata], ids=["revisions", "at once"])
async def test_the_table_is_as_described(database: Database, tables: MetaData | None) -> None:
    """The revisions make exactly the table that is written to, with an index for each report."""
    await database.prepare(FAMILY, MIGRATIONS, tables)
    async with database.read() as connection:
        assert await connection.run_sync(_differences) == []
        found = await connection.run_sync(lambda each: inspect(each).get_indexes("usage"))
    assert {each["name"]: each["column_names"] for each in found} == INDEXES
