"""The first revision of the family's tables."""

from importlib import import_module
from types import ModuleType

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from localai import Database

TABLES = {"changes", "fingerprints", "keys"}


@pytest.fixture
def revision() -> ModuleType:
    """The revision's module."""
    return import_module("plugins.auth.migrations.0001_keys")


async def test_it_makes_its_tables_and_removes_them(
    database: Database, revision: ModuleType
) -> None:
    """Upgrading makes empty tables with a count of changes at 0; downgrading leaves nothing."""

    def steps(connection: Connection) -> None:
        with Operations.context(MigrationContext.configure(connection)):
            for _ in range(2):
                revision.upgrade()
                assert set(inspect(connection).get_table_names()) == TABLES
                rows = connection.execute(text("SELECT kind, version FROM changes"))
                assert [tuple(row) for row in rows] == [("keys", 0)]
                assert connection.execute(text("SELECT count(*) FROM keys")).scalar() == 0
                revision.downgrade()
                assert inspect(connection).get_table_names() == []

    async with database.write() as connection:
        await connection.run_sync(steps)


def test_it_is_the_first(revision: ModuleType) -> None:
    """Nothing comes before it."""
    assert (revision.revision, revision.down_revision) == ("0001", None)
