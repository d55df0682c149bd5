"""A million rows."""

from pathlib import Path

import pytest
from sqlalchemy import text

from localai import UsageLog
from plugins.metrics.report.books import Books
from plugins.metrics.report.question import read_question
from plugins.metrics.report.span import Span
from tests.pace import Spent
from tests.plugins.metrics.report.support import DAY, NOON
from tests.servers.databases import database_at

ROWS = 1_000_000
PART = 50_000
"""Rows that one statement writes."""
FILL = text(
    """
WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)
INSERT INTO usage (id, at, request_id, tenant, "key", "user", model, kind, route, host, outcome,
    cache, attempts, prompt_tokens, completion_tokens, saved_prompt_tokens,
    saved_completion_tokens, seconds, first_token, waited, load_seconds, gpu_seconds,
    saved_seconds, wh, money, grams, energy_source, saved_wh, saved_money)
SELECT i, :begin + i * :step, 'req_' || i, 'team-' || (i % 200 % 10), 'key:0123456789' || (i % 200),
    'user' || (i % 200) || '@example.org', 'qwen3:' || (i % 12) || 'b', 'chat',
    '/v1/chat/completions', '1', CASE i % 20 WHEN 0 THEN 'UpstreamTimeout' ELSE 'ok' END,
    CASE i % 3 WHEN 0 THEN 'hit' ELSE 'miss' END, i % 3 > 0, 100, 20, 0, 0, 2.5, 0.5, 0.1, 0, 2.25,
    0, 0.5, 0.0001, 0.2, 'measured', 0, 0
FROM n
"""
)


@pytest.mark.nightly
async def test_a_million_rows_are_reported_in_time(tmp_path: Path) -> None:
    """A month of a busy box takes 4 s of CPU at first, and a tenth when its days are known."""
    database = database_at(f"sqlite:{tmp_path}/x.db", tmp_path, "timeout = '60s'")
    log = UsageLog(database)
    await log.prepare()
    span = Span(begin=NOON, end=NOON + 30 * DAY)
    try:
        for number in range(0, ROWS, PART):
            values = {"first": number, "last": number + PART - 1}
            async with database.write() as connection:
                await connection.execute(
                    FILL, values | {"begin": span.begin, "step": 30 * DAY / ROWS}
                )
        first: list[float] = []
        again: list[float] = []
        for _ in range(3):
            books = Books(log, database, 60.0)
            for spent in (first, again):
                with Spent() as one:
                    figures = await books.figures(span, {})
                spent.append(one.seconds)
        assert figures.total.count("requests") == ROWS
        assert len(figures.by_key) == 200
        assert min(first) < 4.0
        assert min(again) < 0.4
        said = {"from": "2025-11-01", "to": "2026-01-01"}
        with Spent() as one:
            page = await books.page(read_question(said, DAY, NOON))
        assert len(page.rows) == 100
        assert one.seconds < 0.05
    finally:
        await database.close()
