"""`localai hosts`: what the router that runs knows of its Ollamas."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from localai import AdminClient, GatewayError, admin_url

F = TypeVar("F", bound=Callable[..., Any])

HEAD = ("HOST", "ADDRESS", "STATE", "VERSION", "RUNNING", "RESTING MODELS")
MOST_NAMED = 3
"""Models that are named in a row of the table."""


def add_to(cli: click.Group) -> None:
    """Add the commands."""
    group = click.Group("hosts", help="See the Ollamas, and send one no new requests.")
    for command in (_list, _drain, _undrain):
        group.add_command(command)
    cli.add_command(group)


def _asks(function: F) -> F:
    """Add the options that say which router is asked, and how its answer is printed."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON."),
        click.option(
            "--key-env",
            default="LOCALAI_API_KEY",
            show_default=True,
            metavar="NAME",
            help="The environment variable with a key that has the scope admin:hosts.",
        ),
        click.option("--url", help="The router's address; else that of the settings."),
    ):
        function = option(function)
    return function


@click.command("list")
@_asks
@click.pass_obj
def _list(settings: Path | None, url: str | None, key_env: str, as_json: bool) -> None:
    """Show who is up, what each has to do, and which models get a rest there."""
    _print(_ask("GET", "", settings, url, key_env), as_json)


@click.command("drain")
@click.argument("host")
@_asks
@click.pass_obj
def _drain(settings: Path | None, host: str, url: str | None, key_env: str, as_json: bool) -> None:
    """Send HOST, a label of the list, no new requests; those that it has end as they would."""
    _print(_ask("POST", f"/{_label(host)}/drain", settings, url, key_env), as_json)


@click.command("undrain")
@click.argument("host")
@_asks
@click.pass_obj
def _undrain(
    settings: Path | None, host: str, url: str | None, key_env: str, as_json: bool
) -> None:
    """Send HOST requests again."""
    _print(_ask("POST", f"/{_label(host)}/undrain", settings, url, key_env), as_json)


def _label(host: str) -> str:
    if not (host.isascii() and host.isdigit()):
        raise click.UsageError("HOST: expected a label such as 1: 'localai hosts list' shows them")
    return host


def _ask(method: str, below: str, settings: Path | None, url: str | None, key_env: str) -> Any:
    client = AdminClient(
        url=url or admin_url(settings),
        key_env=key_env,
        path="/admin/hosts",
        scope="admin:hosts",
        plugin="routing",
    )
    try:
        return asyncio.run(client.ask(method, below=below))
    except GatewayError as error:
        raise click.ClickException(error.message) from None


def _print(answer: Any, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2))
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
