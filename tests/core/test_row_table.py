"""Rows of usage, as they come out of the database again."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import astuple, fields
from sqlalchemy import select
from structlog.testing import capture_logs

from core.database import Database
from core.usage import Usage
from core.usage_table import FAMILY, MIGRATIONS, USAGE, write
from tests.core.test_rows import row

texts = st.text(max_size=8) | st.sampled_from(["\0", "a\0b", '"', "'", "\\", "\\u0000", "%s", ":x"])
counts = st.integers(-(2**63), 2**63 - 1)
numbers = st.floats(allow_nan=False, allow_infinity=False)
BY_TYPE = {str: texts, int: counts, float: numbers, float | None: st.none() | numbers}
usages = st.builds(Usage, **{each.name: BY_TYPE[each.type] for each in fields(Usage)})


@pytest.fixture
async def prepared(database: Database) -> Database:
    """A database with the table."""
    await database.prepare(FAMILY, MIGRATIONS)
    return database


async def _all(database: Database) -> list[tuple[object, ...]]:
    async with database.read() as connection:
        return [tuple(each) for each in await connection.execute(select(USAGE).order_by("id"))]


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=st.lists(usages, min_size=1, max_size=40), first=st.integers(0, 2**62))
async def test_rows_come_out_as_they_went_in(
    rows: list[Usage], first: int, prepared: Database
) -> None:
    """Every value survives, but for the NUL that PostgreSQL's texts can't hold; ids count up."""
    async with prepared.write() as connection:
        await connection.execute(USAGE.delete())
    await write(prepared, first, rows)
    await write(prepared, first, rows)
    expected = [(number, *astuple(each)) for number, each in enumerate(rows, start=first)]
    if prepared.file is None:
        expected = [
            tuple(each.replace("\0", "") if isinstance(each, str) else each for each in values)
            for values in expected
        ]
    assert await _all(prepared) == expected


@pytest.mark.parametrize("bad", [2**63, -(2**64), 10**40])
async def test_a_row_that_can_not_be_kept_takes_no_other_with_it(
    bad: int, prepared: Database
) -> None:
    """Of a batch with rows that the database can't take, all others are written."""
    rows = [row(number, prompt_tokens=bad if number in (3, 77) else 1) for number in range(100)]
    with capture_logs() as logs:
        await write(prepared, 1000, rows)
    assert [each[0] for each in await _all(prepared)] == [
        1000 + number for number in range(100) if number not in (3, 77)
    ]
    assert [each["request_id"] for each in logs] == ["req_3", "req_77"]
    assert all(each["event"] == "a row can't be kept" for each in logs)
