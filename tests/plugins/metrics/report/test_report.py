"""Answers to queries."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from localai import Database, InvalidRequest
from plugins.metrics.report.question import PAGE
from plugins.metrics.report.report import REPORTED
from tests.plugins.metrics.report.support import NOON, REPORTER, a_row, books_of
from tests.servers.databases import database_at

SAID = {"from": "2025-11-01", "to": "2025-12-01"}


@pytest.fixture
async def empty(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database."""
    database = database_at(f"sqlite:{tmp_path}/x.db", tmp_path)
    yield database
    await database.close()


async def test_usage_says_what_it_is_of(empty: Database) -> None:
    """The time and the money stand beside the rows."""
    books = books_of(empty, [a_row()])
    answer = await REPORTER.usage(books, SAID | {"group_by": "day"})
    assert (answer["from"], answer["to"]) == ("2025-11-01T00:00:00Z", "2025-12-01T00:00:00Z")
    assert (answer["currency"], answer["next"]) == ("USD", None)
    assert [(row["day"], row["money"]) for row in answer["rows"]] == [("2025-11-10", 0.125)]


async def test_a_page_can_be_asked_for_by_its_format(empty: Database) -> None:
    """What the parameters do not say, the headers do."""
    question, page = await REPORTER.page(books_of(empty), SAID, "csv")
    assert (question.format, question.limit > PAGE, page.rows) == ("csv", True, [])


async def test_a_report_has_clouds_beside_it(empty: Database) -> None:
    """Tokens cost what the file says, also those that the cache answered."""
    books = books_of(empty, [a_row(NOON + i, prompt_tokens=10**6) for i in range(3)])
    report = await REPORTER.report(books, SAID)
    (cloud,) = report["cloud"]
    assert cloud["cost"] == pytest.approx(3.0 + 15 * 2 / 1e6)
    assert cloud["savings"] == pytest.approx(cloud["cost"] - 3 * 0.125)
    assert report["estimated_electricity_cost"] == 0.375


async def test_a_report_of_nothing_divides_by_nothing(empty: Database) -> None:
    """Counts are 0, shares and averages are not there."""
    report = await REPORTER.report(books_of(empty), {})
    assert (report["total_requests"], report["estimated_electricity_cost"]) == (0, 0.0)
    for name in ("cache_hit_rate", "avg_tokens_per_request", "cost_per_1000_requests"):
        assert report[name] is None
    assert report["by_model"] == []


@pytest.mark.parametrize("text", ["0", "101", "x", "1e1"])
async def test_how_many_are_named_is_bounded(text: str, empty: Database) -> None:
    """`top` is a number that a person can read."""
    with pytest.raises(InvalidRequest, match="top: expected 1 to 100"):
        await REPORTER.report(books_of(empty), {"top": text})
    assert "top" in REPORTED
