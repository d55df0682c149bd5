"""What was used and what it cost, for administrators, for callers and on the command line.
Fails open."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

import click
from msgspec import Meta, Struct

from localai import Duration, Gateway, Unavailable, hookimpl
from plugins.metrics.report import commands
from plugins.metrics.report.books import Books
from plugins.metrics.report.prices import EXAMPLES, Price
from plugins.metrics.report.report import MOST_TOP, Reporter
from plugins.metrics.report.routes import routes

Rate = Annotated[float, Meta(gt=0)]


class Report:
    """Answers `/admin/usage`, `/admin/report` and `/v1/usage` from the rows of the ledger."""

    fail_mode = "open"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.metrics.report]."""

        period: Duration = Duration(30 * 86_400)
        """Time that is reported where a request says none."""
        top: Annotated[int, Meta(ge=1, le=MOST_TOP)] = 10
        """Models, tenants and keys that a report names; the others are one row together."""
        currency: str = "USD"
        """The money that prices of energy are in; it is only shown."""
        exchange: dict[str, Rate] = {}
        """Money of `currency` for one of another, such as { EUR = 1.1 }, to compare with clouds."""
        prices: tuple[Price, ...] = EXAMPLES
        """What clouds take for a million tokens. These are examples: check them, they change."""

    def __init__(self, config: Config) -> None:
        self._reporter = Reporter(
            currency=config.currency,
            exchange=config.exchange,
            period=float(config.period),
            top=config.top,
            prices=config.prices,
        )
        self._books: Books | None = None

    @property
    def reporter(self) -> Reporter:
        """What makes the reports: its money and its prices, for the page."""
        return self._reporter

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, gateway: Gateway) -> AsyncIterator[None]:
        """Have the books at hand; the database is opened with the first question."""
        timeout = float(gateway.settings.database.timeout)
        self._books = Books(gateway.usage, gateway.database, timeout)
        yield

    @hookimpl
    def route_handlers(self, gateway: Gateway) -> Sequence[Any]:
        """Serve usage and reports."""
        return routes(self._opened, self._reporter)

    @hookimpl
    def commands(self, cli: click.Group) -> None:
        """Add `localai report`."""
        commands.add_to(cli, self._reporter)

    def _opened(self) -> Books:
        if self._books is None:
            raise Unavailable("the router starts: try again")
        return self._books
