"""Answers to queries, for HTTP and for the command line, as the file wants them."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from localai import read_count
from plugins.metrics.report.books import Books, Page
from plugins.metrics.report.prices import Price, in_the_cloud
from plugins.metrics.report.question import (
    FILTERS,
    Format,
    Question,
    filters,
    read_question,
)
from plugins.metrics.report.span import iso, read_span
from plugins.metrics.report.summary import summary, traffic_of

REPORTED = ("from", "to", *FILTERS, "top")
"""What may be asked of a report."""
MOST_TOP = 100


class Reporter(Struct, frozen=True, kw_only=True):
    """Knows whose money it is, which time is meant where none is said, and prices of clouds."""

    currency: str
    exchange: Mapping[str, float]
    period: float
    """Seconds that are reported where no time is said."""
    top: int
    """Models, tenants and keys that are named."""
    prices: Sequence[Price]

    async def page(
        self, books: Books, said: Mapping[str, str], format: Format = "json"
    ) -> tuple[Question, Page]:
        """Return rows or groups, and how they were asked for.

        Raises `InvalidRequest`, `Unavailable`.
        """
        question = read_question(said, self.period, time.time(), format)
        return question, await books.page(question)

    async def usage(self, books: Books, said: Mapping[str, str]) -> dict[str, Any]:
        """Return the same for JSON."""
        return self.shown(*await self.page(books, said))

    def shown(self, question: Question, page: Page) -> dict[str, Any]:
        """Return a page for JSON."""
        return {
            "from": iso(question.span.begin),
            "to": iso(question.span.end),
            "currency": self.currency,
            "rows": page.rows,
            "next": page.next,
        }

    async def report(self, books: Books, said: Mapping[str, str]) -> dict[str, Any]:
        """Return the report of a time for JSON; raise `InvalidRequest`, `Unavailable`."""
        top = read_count(said.get("top"), "top", self.top, MOST_TOP)
        span = read_span(said.get("from"), said.get("to"), self.period, time.time())
        figures = await books.figures(span, filters(said))
        return {
            "from": iso(span.begin),
            "to": iso(span.end),
            "currency": self.currency,
            **await asyncio.to_thread(summary, figures, top),
            "cloud": in_the_cloud(traffic_of(figures), self.prices, self.currency, self.exchange),
        }
