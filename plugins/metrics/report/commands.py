"""`localai report`: usage and its cost, from the router that runs or from its database."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import click
from msgspec.structs import replace

from localai import AdminCommand, RunningRouter
from plugins.metrics.report.books import DEADLINE
from plugins.metrics.report.csv_text import csv_of
from plugins.metrics.report.question import MOST
from plugins.metrics.report.report import Reporter
from plugins.metrics.report.routes import ADMIN_REPORT, ADMIN_USAGE, SCOPE
from plugins.metrics.report.summary import lines_of
from plugins.metrics.report.sums import NAMES

REPORT = AdminCommand(
    path=ADMIN_REPORT,
    scope=SCOPE,
    plugin="metrics.report",
    # Those that wait for their turn, and the report itself.
    deadline=DEADLINE + 15,
)
USAGE = replace(REPORT, path=ADMIN_USAGE)

Ask = Callable[[AdminCommand, Mapping[str, str]], Any]


def add_to(cli: click.Group, reporter: Reporter) -> None:
    """Add the command; `reporter` answers it where no router is asked."""

    @cli.command("report")
    @click.option("--from", "since", metavar="7d", help="When it begins: a time ago, or a date.")
    @click.option("--to", "until", metavar="2026-11-01", help="When it ends; now if not said.")
    @click.option("--group-by", metavar="day,model", help="List groups instead of the report.")
    @click.option("--model", help="Only requests of this model.")
    @click.option("--tenant", help="Only requests of this tenant.")
    @click.option("--key", help="Only requests of this caller, by its id: key:…, user:…")
    @click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
    @click.option("--offline", is_flag=True, help="Read the database, where no router runs.")
    @REPORT.options
    def report(
        router: RunningRouter,
        since: str | None,
        until: str | None,
        as_csv: bool,
        offline: bool,
        **said: str | None,
    ) -> None:
        """Show what was used and what it cost: requests, tokens, electricity, clouds."""
        if as_csv and router.as_json:
            raise click.UsageError("give --csv or --json, not both")
        named = {"from": since, "to": until} | said
        parameters = {name: value for name, value in named.items() if value is not None}
        ask = _offline(router, reporter) if offline else _online(router)
        if "group_by" in parameters:
            _show_groups(ask, parameters, router, as_csv)
        else:
            _show_report(ask(REPORT, parameters), router, as_csv)


def _online(router: RunningRouter) -> Ask:
    def ask(command: AdminCommand, parameters: Mapping[str, str]) -> Any:
        return replace(router, command=command).ask("GET", parameters)

    return ask


def _offline(router: RunningRouter, reporter: Reporter) -> Ask:
    from plugins.metrics.report import local

    def ask(command: AdminCommand, parameters: Mapping[str, str]) -> Any:
        answer = local.usage if command is USAGE else local.report
        return answer(router.settings, reporter, parameters)

    return ask


def _show_report(report: Mapping[str, Any], router: RunningRouter, as_csv: bool) -> None:
    if router.as_json:
        router.print_json(report)
    elif as_csv:
        rows = [{"figure": name, "value": value} for name, value in lines_of(report)]
        click.echo(csv_of(("figure", "value"), rows), nl=False)
    else:
        from plugins.metrics.report.display import print_report

        print_report(report)


def _show_groups(
    ask: Ask, parameters: Mapping[str, str], router: RunningRouter, as_csv: bool
) -> None:
    group_by = [name.strip() for name in parameters["group_by"].split(",")]
    if as_csv:
        head = True
        for answer in _pages(ask, parameters):
            text = csv_of((*group_by, *NAMES), answer["rows"])
            click.echo(text if head else text.partition("\r\n")[2], nl=False)
            head = False
        return
    answers = list(_pages(ask, parameters))
    whole = answers[0] | {"rows": [row for each in answers for row in each["rows"]], "next": None}
    if router.as_json:
        router.print_json(whole)
    else:
        from plugins.metrics.report.display import print_groups

        print_groups(group_by, whole)


def _pages(ask: Ask, parameters: Mapping[str, str]) -> Iterator[Any]:
    """Yield one answer after another until the last."""
    answer = ask(USAGE, {**parameters, "limit": str(MOST)})
    yield answer
    while answer["next"] is not None:
        answer = ask(USAGE, {**parameters, "limit": str(MOST), "cursor": answer["next"]})
        yield answer
