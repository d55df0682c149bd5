"""The same answers without a router: straight from the database."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import click

from localai import GatewayError, UsageLog, load_settings, open_database
from plugins.metrics.report.books import Books
from plugins.metrics.report.report import Reporter

Said = Mapping[str, str]


def usage(settings: Path | None, reporter: Reporter, said: Said) -> dict[str, Any]:
    """Return what `GET /admin/usage` would, to whoever may read the database."""
    return _run(settings, lambda books: reporter.usage(books, said))


def report(settings: Path | None, reporter: Reporter, said: Said) -> dict[str, Any]:
    """Return what `GET /admin/report` would."""
    return _run(settings, lambda books: reporter.report(books, said))


def _run(
    settings: Path | None, answer: Callable[[Books], Awaitable[dict[str, Any]]]
) -> dict[str, Any]:
    async def asked() -> dict[str, Any]:
        timeout = float(load_settings(settings).database.timeout)
        async with open_database(settings) as database:
            if database.file is not None and not database.file.is_file():
                raise click.ClickException(
                    f"there is no database at {database.file} yet: the router makes it when "
                    "it starts; if yours has other settings, say localai --config FILE report"
                )
            return await answer(Books(UsageLog(database), database, timeout))

    try:
        return asyncio.run(asked())
    except GatewayError as error:
        raise click.ClickException(error.message) from None
