"""Rows of usage, and what reads them."""

from collections.abc import Iterable
from typing import Any

from localai import Database, Usage, UsageLog
from plugins.metrics.report.books import Books
from plugins.metrics.report.prices import Price
from plugins.metrics.report.report import Reporter

HOUR = 3600.0
DAY = 24 * HOUR
NOON = 1_762_776_000.0
"""2025-11-10T12:00:00Z."""

PRICE = Price(name="cloud", input=1.0, output=2.0, embeddings=0.5, as_of="2025-11")
REPORTER = Reporter(currency="USD", exchange={}, period=30 * DAY, top=2, prices=(PRICE,))


def a_row(at: float = NOON, **changes: Any) -> Usage:
    """Return a row of a chat that a model answered, with these fields changed."""
    fields: dict[str, Any] = {
        "at": at,
        "request_id": "req_1",
        "tenant": "default",
        "key": "key:a",
        "user": "anna",
        "model": "llama3.2:latest",
        "kind": "chat",
        "route": "/api/chat",
        "host": "1",
        "cache": "miss",
        "attempts": 1,
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "seconds": 2.0,
        "first_token": 0.5,
        "waited": 0.25,
        "gpu_seconds": 1.5,
        "wh": 0.5,
        "money": 0.125,
        "grams": 0.25,
        "energy_source": "measured",
    }
    return Usage(**(fields | changes))


HIT: dict[str, Any] = {
    "cache": "hit",
    "attempts": 0,
    "host": "",
    "prompt_tokens": 0,
    "completion_tokens": 0,
    "saved_prompt_tokens": 10,
    "saved_completion_tokens": 5,
    "gpu_seconds": 0.0,
    "wh": 0.0,
    "money": 0.0,
    "grams": 0.0,
    "energy_source": "",
    "saved_seconds": 1.5,
    "saved_wh": 0.5,
    "saved_money": 0.125,
}
"""What is different about an answer out of the cache."""


def books_of(database: Database, rows: Iterable[Usage] = (), timeout: float = 5.0) -> Books:
    """Return the books of a database, with these rows on their way into it."""
    log = UsageLog(database)
    for row in rows:
        log.record(row)
    return Books(log, database, timeout)
