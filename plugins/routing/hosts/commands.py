"""`localai hosts`: what the router that runs knows of its Ollamas."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from localai import AdminCommand, RunningRouter

ADMIN = AdminCommand(path="/admin/hosts", scope="admin:hosts", plugin="routing")
HEAD = ("HOST", "ADDRESS", "STATE", "VERSION", "RUNNING", "RESTING MODELS")
MOST_NAMED = 3
"""Models that are named in a row of the table."""


def add_to(cli: click.Group) -> None:
    """Add the commands."""
    group = click.Group("hosts", help="See the Ollamas, and send one no new requests.")
    for command in (_list, _drain, _undrain):
        group.add_command(command)
    cli.add_command(group)


@click.command("list")
@ADMIN.options
def _list(router: RunningRouter) -> None:
    """Show who is up, what each has to do, and which models get a rest there."""
    _print(router, router.ask("GET"))


@click.command("drain")
@click.argument("host")
@ADMIN.options
def _drain(router: RunningRouter, host: str) -> None:
    """Send HOST, a label of the list, no new requests; those that it has end as they would."""
    _print(router, router.ask("POST", below=f"/{_label(host)}/drain"))


@click.command("undrain")
@click.argument("host")
@ADMIN.options
def _undrain(router: RunningRouter, host: str) -> None:
    """Send HOST requests again."""
    _print(router, router.ask("POST", below=f"/{_label(host)}/undrain"))


def _label(host: str) -> str:
    if not (host.isascii() and host.isdigit()):
        raise click.UsageError("HOST: expected a label such as 1: 'localai hosts list' shows them")
    return host


def _print(router: RunningRouter, answer: Any) -> None:
    if router.as_json:
        router.print_json(answer)
        return
    rows = [HEAD, *map(_row, answer["hosts"])]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def _row(host: Mapping[str, Any]) -> Sequence[str]:
    state = "draining" if host["draining"] else "up" if host["up"] else "down"
    if host["draining"] and not host["up"]:
        state = "draining, down"
    models = [each["model"] for each in host["resting"]]
    named = ", ".join(models[:MOST_NAMED])
    if len(models) > MOST_NAMED:
        named += f" and {len(models) - MOST_NAMED} more"
    running = str(host["running"])
    return host["host"], host["address"], state, host["version"] or "-", running, named or "-"
