"""Reading the ledger, on both databases."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from localai import Database, Unavailable, Usage, UsageLog
from plugins.metrics.report import books as module
from plugins.metrics.report.books import Books
from plugins.metrics.report.question import GROUPS, Question, read_question
from plugins.metrics.report.span import Span
from tests.plugins.metrics.report.support import DAY, HIT, HOUR, NOON, a_row, books_of
from tests.servers.databases import database_at

ALL = Span(begin=0.0, end=NOON + 900 * DAY)
FORMATS = {"hour": "%Y-%m-%dT%H:00:00Z", "day": "%Y-%m-%d", "month": "%Y-%m"}


def some_rows(number: int) -> list[Usage]:
    """Return rows of some days, callers and models, no two of which are alike."""
    rows = []
    for i in range(number):
        kept = HIT if i % 6 == 0 else {}
        row = a_row(
            NOON + (i % 40) * 7 * HOUR + i / 1000,
            request_id=f"req_{i}",
            tenant="st"[i % 2],
            key=f"key:{i % 3}" if i % 7 else "router:key:1",
            model=f"m{i % 5 // 2}:latest",
            outcome=("ok", "ok", "canceled", "UpstreamTimeout")[i % 4],
            **kept,
        )
        rows.append(replace(row, prompt_tokens=i, wh=i / 4))
    return rows


async def all_pages(books: Books, said: dict[str, str]) -> list[Mapping[str, Any]]:
    """Return the rows of all pages."""
    rows: list[Mapping[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await books.page(read_question(said | cursor, NOON, NOON + 900 * DAY))
        rows += page.rows
        assert len(page.rows) <= int(said["limit"])
        if page.next is None:
            return rows
        assert len(page.rows) == int(said["limit"])
        cursor = {"cursor": page.next}


def grouped(rows: Sequence[Usage], group_by: Sequence[str]) -> list[tuple[Any, ...]]:
    """Return what the groups of rows are: their names, requests, tokens and energy."""
    sums: dict[tuple[str, ...], list[float]] = defaultdict(lambda: [0, 0, 0.0])
    for row in rows:
        moment = datetime.fromtimestamp(row.at, UTC)
        names = tuple(
            moment.strftime(FORMATS[name]) if name in FORMATS else getattr(row, name)
            for name in group_by
        )
        for at, value in enumerate((1, row.prompt_tokens, row.wh)):
            sums[names][at] += value
    return sorted((*names, *values) for names, values in sums.items())


async def test_groups_are_those_of_the_rows(database: Database) -> None:
    """Whatever rows are grouped by, and however many a page has, each counts in one group."""
    rows = some_rows(120)
    books = books_of(database, rows)
    for group_by, limit in (
        (("model",), 1),
        (("day", "model"), 7),
        (("month", "key", "outcome"), 1000),
        (("hour",), 3),
        (("tenant", "user", "cache", "kind", "host", "route"), 2),
    ):
        said = {"from": "1970-01-01", "group_by": ",".join(group_by), "limit": str(limit)}
        found = await all_pages(books, said)
        assert [
            (
                *(row[name] for name in group_by),
                *(row[each] for each in ("requests", "prompt_tokens", "wh")),
            )
            for row in found
        ] == grouped(rows, group_by)


async def test_rows_are_listed_once_each_while_others_come(database: Database) -> None:
    """The newest come first; what is written while pages are turned moves none of them."""
    rows = [a_row(NOON + i // 3, request_id=f"req_{i}") for i in range(20)]
    log = UsageLog(database)
    for row in rows:
        log.record(row)
    books = Books(log, database, 5.0)
    said = {"from": "1970-01-01", "limit": "7"}
    first = await books.page(read_question(said, NOON, NOON + 900 * DAY))
    log.record(a_row(NOON + 50, request_id="new"))
    assert first.next is not None
    rest = await all_pages(books, said | {"cursor": first.next})
    seen = [row["request_id"] for row in (*first.rows, *rest)]
    assert sorted(seen) == sorted(row.request_id for row in rows)
    moments = [row["at"] for row in (*first.rows, *rest)]
    assert moments == sorted(moments, reverse=True)
    assert first.rows[0]["at"] == "2025-11-10T12:00:06Z"
    assert "id" not in first.columns


async def test_filters_choose_rows(database: Database) -> None:
    """All that is said must match."""
    books = books_of(database, some_rows(60))
    question = Question(span=ALL, where={"tenant": "t", "key": "key:1"}, limit=100)
    rows = (await books.page(question)).rows
    assert rows
    assert {(row["tenant"], row["key"]) for row in rows} == {("t", "key:1")}


async def test_what_was_recorded_just_now_is_read(database: Database) -> None:
    """Nobody waits for the next batch to be written."""
    books = books_of(database, [a_row()])
    assert len((await books.page(Question(span=ALL))).rows) == 1


async def test_an_empty_ledger_is_no_error(database: Database) -> None:
    """Where nothing was ever asked, there are no rows, no groups, and figures of 0."""
    books = books_of(database)
    assert (await books.page(Question(span=ALL))).rows == []
    assert (await books.page(Question(span=ALL, group_by=("day",)))).rows == []
    assert (await books.figures(ALL, {})).total.count("requests") == 0


async def test_figures_are_those_of_the_rows(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In however many parts the days are read, and whether they were known, all rows count."""
    monkeypatch.setattr(module, "PART", 3)
    monkeypatch.setattr(module, "STEP", 2)
    rows = some_rows(200)
    books = books_of(database, rows)
    for span in (ALL, Span(begin=NOON + DAY / 3, end=NOON + 5.5 * DAY), ALL):
        within = [row for row in rows if span.begin <= row.at < span.end]
        callers = [row for row in within if not row.key.startswith("router:")]
        figures = await books.figures(span, {})
        assert figures.router.count("requests") == len(within) - len(callers)
        for name, named in (
            ("key", figures.by_key),
            ("model", figures.by_model),
            ("tenant", figures.by_tenant),
            ("outcome", figures.by_outcome),
        ):
            assert sorted(
                (each, *(sums.count(count) for count in ("requests", "prompt_tokens")))
                for each, sums in named.items()
            ) == [row[:3] for row in grouped(callers, [name])]
        assert figures.total.amount("wh") == pytest.approx(sum(row.wh for row in callers))


async def test_a_day_is_read_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Days that are over are known from then on, until a row is written or deleted."""
    log = UsageLog(database)
    for day in range(3):
        log.record(a_row(NOON + day * DAY))
    books = Books(log, database, 5.0)
    read: list[Span] = []
    reading = Books._read

    async def noting(self: Books, queries: Any, span: Span, *more: Any) -> Any:
        read.append(span)
        return await reading(self, queries, span, *more)

    monkeypatch.setattr(Books, "_read", noting)
    span = Span(begin=0.0, end=NOON + 2 * DAY + 1)
    for expected in (3, 4):  # of the last day only the morning was asked for
        assert (await books.figures(span, {})).total.count("requests") == 3
        assert len(read) == expected
    log.record(a_row(NOON))
    assert (await books.figures(span, {})).total.count("requests") == 4
    assert sorted(each.begin for each in read[4:]) == [NOON - 12 * HOUR, NOON + 36 * HOUR]


@given(
    st.floats(0, 10 * DAY),
    st.floats(1, 10 * DAY),
    st.floats(0, 10 * DAY),
    st.floats(0, 10 * DAY),
    st.integers(1, 9),
)
@settings(max_examples=50)
def test_days_cover_a_time_without_gaps(
    begin: float, length: float, first: float, filled: float, number: int
) -> None:
    """Each moment that can have rows lies in one day, and each moment of that in one part."""
    span = Span(begin=begin, end=begin + length)
    first = max(first, begin)
    inside = Span(begin=first, end=min(span.end, first + filled + 1))
    days = list(module._days(span, inside))
    if inside.begin < inside.end:
        assert days[0][0].begin <= inside.begin
        assert days[-1][0].end >= inside.end
    for (day, _), (later, _) in pairwise(days):
        assert day.end == later.begin
    for day, is_whole in days:
        assert span.begin <= day.begin < day.end <= span.end
        assert is_whole == (day.begin % DAY == 0 and day.end == day.begin + DAY)
        parts = list(module._parts(day, number))
        assert (parts[0].begin, parts[-1].end) == (day.begin, day.end)
        assert len(parts) == number
        assert all(a.end == b.begin for a, b in pairwise(parts))


async def test_only_some_read_at_a_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for too long is told to come again."""
    monkeypatch.setattr(module, "MOST_WAIT", 0.05)
    books = books_of(database)
    async with books._turn(5.0), books._turn(5.0):
        with pytest.raises(Unavailable, match="others read the usage just now") as error:
            await books.page(Question(span=ALL))
    assert error.value.retry_after == 0.05
    await books.page(Question(span=ALL))


async def test_what_takes_too_long_is_told(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what to ask instead."""
    monkeypatch.setattr(module, "DEADLINE", 0.01)
    books = books_of(database, [a_row()])

    async def stuck(*arguments: Any) -> Any:
        await asyncio.Event().wait()

    await books._prepared()
    monkeypatch.setattr(Books, "_fetched", stuck)
    with pytest.raises(Unavailable, match="ask for a shorter time"):
        await books.figures(ALL, {})


async def test_one_day_that_fails_is_the_reports_failure(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is reported without it, and what was read beside it has ended."""
    books = books_of(database, [a_row(NOON + day * DAY) for day in range(4)])
    reading, ended = Books._read, []

    async def failing(self: Books, queries: Any, span: Span, *more: Any) -> Any:
        if span.begin > NOON:
            raise Unavailable("the disk is full")
        try:
            return await reading(self, queries, span, *more)
        finally:
            ended.append(span)

    monkeypatch.setattr(Books, "_read", failing)
    with pytest.raises(Unavailable, match="the disk is full"):
        await books.figures(ALL, {})
    assert len(ended) == 1


async def test_a_statement_has_the_databases_time(tmp_path: Path) -> None:
    """One that the database ends because of its timeout is the same error."""
    database = database_at(f"sqlite:{tmp_path}/x.db", tmp_path, "timeout = '100ms'")
    books = books_of(database, timeout=0.1)
    await books._prepared()
    from sqlalchemy import text

    endless = text(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    )
    try:
        with pytest.raises(Unavailable, match="ask for a shorter time"):
            await books._fetched(endless)
    finally:
        await database.close()


async def test_a_database_that_is_away_is_told(tmp_path: Path) -> None:
    """It is not taken for a question that takes too long."""
    (tmp_path / "x.db").mkdir()
    database = database_at(f"sqlite:{tmp_path}/x.db", tmp_path)
    try:
        with pytest.raises(Unavailable, match="does not answer"):
            await books_of(database).page(Question(span=ALL))
    finally:
        await database.close()


def test_everything_that_may_be_grouped_by_is_a_column_or_a_time() -> None:
    """No name that a query may use is unknown to the table."""
    assert {*GROUPS} - {*FORMATS} <= {*Usage.__struct_fields__}
