"""Hours, days and months, as both databases compute them."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Column, Double, MetaData, Table, insert, select

from localai import Database
from plugins.metrics.report.buckets import BUCKETS, shown
from tests.plugins.metrics.report.support import DAY, NOON

MOMENTS = [
    0.0,
    0.5,
    DAY - 0.5,
    DAY - 1e-5,
    DAY,
    NOON + 0.5,
    datetime(2024, 2, 29, 23, 59, 59, 999_000, tzinfo=UTC).timestamp(),
    datetime(2025, 1, 1, tzinfo=UTC).timestamp(),
    datetime(2099, 12, 31, 23, tzinfo=UTC).timestamp(),
]
FORMATS = {"hour": "%Y-%m-%dT%H:00:00Z", "day": "%Y-%m-%d", "month": "%Y-%m"}


@pytest.mark.parametrize("name", BUCKETS)
async def test_a_moment_lies_in_its_part_of_the_calendar(name: str, database: Database) -> None:
    """The first moment of an hour, day or month is a part of it, the next one's is not."""
    table = Table("moments", MetaData(), Column("at", Double))
    async with database.write() as connection:
        await connection.run_sync(table.metadata.create_all)
        await connection.execute(insert(table), [{"at": each} for each in MOMENTS])
    part = BUCKETS[name](table.c.at)
    async with database.read() as connection:
        found = (await connection.execute(select(part, table.c.at).group_by(part, "at"))).all()
    assert {at: shown(name, value) for value, at in found} == {
        each: datetime.fromtimestamp(each, UTC).strftime(FORMATS[name]) for each in MOMENTS
    }


def test_other_values_are_shown_as_they_are() -> None:
    """A name is a name."""
    assert shown("model", "llama3.2:latest") == "llama3.2:latest"
