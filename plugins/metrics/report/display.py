"""A report as people read it."""

from collections.abc import Mapping, Sequence
from math import floor, log10
from typing import Any

import click

from localai import print_table
from plugins.metrics.report.summary import lines_of

PERCENT = frozenset(
    {"cache_hit_rate", "error_rate", "energy_measured_share", "energy_modelled_share"}
)
MONEY = frozenset(
    {
        "estimated_electricity_cost",
        "cost_per_1000_requests",
        "cost_savings_from_cache",
        "electricity_cost",
        "cost",
        "savings",
        "money",
        "saved_money",
    }
)
SECONDS = frozenset(
    {"avg_request_time", "avg_inference_time", "avg_wait_time", "time_savings_from_cache"}
)
HEADED = frozenset({"from", "to", "currency"})
"""What stands above the table."""
BY = ("by_model", "by_kind", "by_tenant", "by_key")
SHORT = ("requests", "errors", "total_tokens", "cache_hit_rate", "energy_wh", "electricity_cost")
"""Columns of the tables by model, kind, tenant and key."""
GROUPED = (
    *("requests", "errors", "hits", "prompt_tokens", "completion_tokens"),
    *("seconds", "wh", "money", "saved_money"),
)
"""Columns of groups that people are shown; CSV and JSON have all."""
CLOUD = ("name", "as_of", "cost", "savings", "cost_per_1000_requests")


def print_report(report: Mapping[str, Any]) -> None:
    """Print what `GET /admin/report` answered."""
    _print_head(report)
    if not report["total_requests"] and not report["energy_wh"]:
        return _say_nothing_found()
    rows = [
        (_labelled(name), cell(name, value))
        for name, value in lines_of(report)
        if name not in HEADED
    ]
    print_table(("ALL", ""), rows, numbers=True)
    for name in BY:
        _print(name.removeprefix("by_"), SHORT, report[name])
    if report["cloud"]:
        click.echo()
        print_table(
            ("IN THE CLOUD", *map(_title, CLOUD[1:])),
            [[cell(name, each[name]) for name in CLOUD] for each in report["cloud"]],
            numbers=True,
        )
        click.echo("prices of clouds are those of the settings: check them", err=True)


def print_groups(group_by: Sequence[str], answer: Mapping[str, Any]) -> None:
    """Print what `GET /admin/usage` answered for groups."""
    _print_head(answer)
    if not answer["rows"]:
        return _say_nothing_found()
    head = (*group_by, *GROUPED)
    print_table(
        [_title(name) for name in head],
        [[cell(name, row[name]) for name in head] for row in answer["rows"]],
        numbers=True,
    )


def cell(name: str, value: Any) -> str:
    """Return a figure as people write it; `-` where there is none."""
    if value is None:
        return "-"
    if name in PERCENT:
        return f"{value:.1%}"
    if isinstance(value, float):
        return _decimal(value, 4 if name in MONEY else 2)
    return f"{value:,}" if isinstance(value, int) else str(value)


def _decimal(value: float, places: int) -> str:
    """Return a number with as many places, or two digits that count if it is smaller than that."""
    if 0 < abs(value) < 10 ** (1 - places):
        places = 1 - floor(log10(abs(value)))
    return f"{value:,.{places}f}"


def _print_head(answer: Mapping[str, Any]) -> None:
    click.echo(f"{answer['from']} to {answer['to']}, money in {answer['currency']}", err=True)


def _say_nothing_found() -> None:
    click.echo("no request was made then: ask for another time by --from and --to", err=True)


def _print(by: str, names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    click.echo()
    print_table(
        (by.upper(), *map(_title, names)),
        [[row[by] or "(others)", *(cell(name, row[name]) for name in names)] for row in rows],
        numbers=True,
    )


def _labelled(name: str) -> str:
    return f"{_words(name)} (s)" if name in SECONDS else _words(name)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _title(name: str) -> str:
    return _words(name).upper()
