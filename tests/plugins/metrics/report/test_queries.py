"""The statements, on both databases."""

from typing import Any

from localai import Database, Usage, UsageLog
from plugins.metrics.report import queries
from plugins.metrics.report.figures import DIMENSIONS
from plugins.metrics.report.question import Question
from plugins.metrics.report.span import Span
from plugins.metrics.report.sums import NAMES
from tests.plugins.metrics.report.support import HIT, NOON, a_row

SPAN = Span(begin=NOON, end=NOON + 100)
ROWS = [
    a_row(NOON - 1),
    a_row(NOON, attempts=3),
    a_row(NOON + 1, outcome="canceled", energy_source="modelled"),
    a_row(NOON + 2, outcome="UpstreamTimeout", key="key:b"),
    a_row(NOON + 3, **HIT),
    a_row(NOON + 4, **HIT | {"cache": "join"}),
    a_row(NOON + 5, **HIT | {"cache": "stale"}),
    a_row(NOON + 6, **HIT | {"cache": "bypass"}),
    a_row(NOON + 100),
]


async def answer(database: Database, make: Any, *arguments: Any) -> list[tuple[Any, ...]]:
    """Return what a statement finds in the rows."""
    log = UsageLog(database)
    for row in ROWS:
        log.record(row)
    await log.flush()
    async with database.read() as connection:
        return [tuple(row) for row in (await connection.execute(make(log.table, *arguments))).all()]


async def test_sums_are_what_their_names_say(database: Database) -> None:
    """Errors, hits and retries are counted; figures that are added up are those of the rows."""
    found = await answer(database, queries.groups, Question(span=SPAN, group_by=("key",)))
    assert [row[0] for row in found] == ["key:a", "key:b"]
    sums = dict(zip(NAMES, found[0][1:], strict=True))
    assert {name: value for name, value in sums.items() if isinstance(value, int)} == {
        "requests": 6,
        "errors": 0,
        "canceled": 1,
        "answered": 2,
        "hits": 1,
        "joins": 1,
        "misses": 3,
        "retries": 2,
        "prompt_tokens": 20,
        "completion_tokens": 10,
        "saved_prompt_tokens": 40,
        "saved_completion_tokens": 20,
        "measured": 1,
        "modelled": 1,
    }
    assert (sums["wh"], sums["saved_money"], sums["seconds"]) == (1.0, 0.5, 12.0)
    assert found[1][1 + NAMES.index("errors")] == 1


async def test_figures_are_grouped_by_all_that_a_report_tells(database: Database) -> None:
    """A group has the values of its dimensions, then its sums."""
    found = await answer(database, queries.figures, SPAN, {"key": "key:b"})
    (row,) = found
    assert row[: len(DIMENSIONS)] == (
        *("key:b", "llama3.2:latest", "default", "chat", "UpstreamTimeout"),
    )
    assert len(row) == len(DIMENSIONS) + len(NAMES)


async def test_the_end_of_a_time_is_no_part_of_it(database: Database) -> None:
    """What ended at the first moment counts, what ended at the last does not."""
    assert await answer(database, queries.extent, SPAN, {}) == [(NOON, NOON + 6)]
    async with database.read() as connection:
        table = UsageLog(database).table
        found = (await connection.execute(queries.number(table, SPAN, {}))).scalar()
    assert found == 7


async def test_rows_show_every_column_but_their_id(database: Database) -> None:
    """What the ledger writes is what can be read."""
    columns = queries.columns(UsageLog(database).table)
    assert {*columns} == {*Usage.__struct_fields__}
    (row, *_) = await answer(database, queries.rows, Question(span=SPAN, limit=1))
    assert len(row) == len(columns) + 1
    assert row[1] == NOON + 6
