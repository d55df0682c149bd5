"""The plugin as a router runs it."""

from pathlib import Path

import click
import pytest

from localai import Unavailable
from plugins.metrics.report.plugin import Report
from plugins.metrics.report.prices import EXAMPLES
from tests.plugins.metrics.report.administered import administered
from tests.plugins.support import asking, serving


async def test_what_the_ledger_writes_is_reported(tmp_path: Path) -> None:
    """A chat that was answered just now is in its caller's usage and in the report."""
    async with serving(tmp_path, "metrics.ledger metrics.report") as (_, client):
        answer = await client.post("/api/chat", json=asking())
        assert answer.status_code == 200
        usage = (await client.get("/v1/usage")).json()
        report = (await client.get("/admin/report")).json()
    (row,) = usage["rows"]
    assert (row["key"], row["outcome"], row["attempts"]) == ("anonymous", "ok", 1)
    assert row["request_id"] == answer.headers["x-request-id"]
    assert report["total_requests"] == 1
    assert report["total_tokens"] == row["prompt_tokens"] + row["completion_tokens"] > 0


async def test_settings_are_used(tmp_path: Path) -> None:
    """The file's money, time, prices and number of names are those of a report."""
    more = """
[plugins.metrics.report]
period = "1h"
currency = "EUR"
exchange = { USD = 0.5 }
prices = [{ name = "x", input = 4.0, output = 8.0 }]
"""
    async with administered(tmp_path, more) as (_, client):
        report = (await client.get("/admin/report")).json()
        assert (report["total_requests"], report["currency"]) == (0, "EUR")
        report = (await client.get("/admin/report?from=9d")).json()
    (cloud,) = report["cloud"]
    assert (cloud["name"], cloud["cost"]) == ("x", 0.5 * cloud["cost_in_its_currency"])


def test_as_shipped_prices_are_examples() -> None:
    """Without a file there is something to compare with."""
    config = Report.Config()
    assert config.prices == EXAMPLES
    assert {price.currency for price in config.prices} == {config.currency}
    assert Report.fail_mode == "open"


def test_the_command_is_added() -> None:
    """The command line has `localai report`."""
    group = click.Group()
    Report(Report.Config()).commands(group)
    assert [*group.commands] == ["report"]


def test_before_it_is_started_nothing_is_read() -> None:
    """A question that comes too early is told to come again."""
    plugin = Report(Report.Config())
    with pytest.raises(Unavailable, match="the router starts"):
        plugin._opened()
