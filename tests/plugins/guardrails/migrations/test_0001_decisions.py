"""The table of decisions, as the revisions make it."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData, inspect

from localai import Database
from plugins.guardrails.audit_table import DECISIONS, FAMILY, METADATA, MIGRATIONS


def _differences(connection: Connection) -> list[object]:
    options = {"version_table": f"alembic_version_{FAMILY}", "include_object": _is_ours}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), METADATA))


def _is_ours(_: object, name: str, kind: str, *__: object) -> bool:
    return kind != "index" and (kind != "table" or name == DECISIONS.name)


@pytest.mark.parametrize("tables", [None, METADATA], ids=["revisions", "at once"])
async def test_the_table_is_as_described(database: Database, tables: MetaData | None) -> None:
    """The revisions make exactly the table that is written to, with an index by age."""
    await database.prepare(FAMILY, MIGRATIONS, tables)
    async with database.read() as connection:
        assert await connection.run_sync(_differences) == []
        found = await connection.run_sync(lambda each: inspect(each).get_indexes(DECISIONS.name))
    assert [each["column_names"] for each in found] == [["at"]]
