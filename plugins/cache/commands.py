"""`localai cache stats` and `localai cache clear`: what the router that runs is asked."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from localai import AdminClient, GatewayError, admin_url
from plugins.cache.cli import cache_group

F = TypeVar("F", bound=Callable[..., Any])


def add_to(cli: click.Group) -> None:
    """Add the commands."""
    cache = cache_group(cli)
    for command in (_stats, _clear):
        cache.add_command(command)


def _asks(function: F) -> F:
    """Add the options that say which router is asked, and how its answer is printed."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON."),
        click.option(
            "--key-env",
            default="LOCALAI_API_KEY",
            show_default=True,
            metavar="NAME",
            help="The environment variable with a key that has the scope admin:cache.",
        ),
        click.option("--url", help="The router's address; else that of the settings."),
    ):
        function = option(function)
    return function


@click.command("stats")
@_asks
@click.pass_obj
def _stats(settings: Path | None, url: str | None, key_env: str, as_json: bool) -> None:
    """Show hits and misses, what they saved, and what is stored."""
    report = _ask("GET", settings, url, key_env)
    if as_json:
        _print_json(report)
        return
    from plugins.cache.display import print_report

    print_report(report)


@click.command("clear")
@click.option("--prefix", help="How their keys begin: chat:, generate:, embed:, models: …")
@click.option("--model", help="Of this model.")
@click.option("--tag", help="With this tag.")
@click.option("--tenant", help="Of this tenant.")
@click.option("--key", help="The key of one answer, or the id of who asked: key:…, user:…")
@click.option("--all", "everything", is_flag=True, help="All of them.")
@_asks
@click.pass_obj
def _clear(
    settings: Path | None,
    /,
    url: str | None,
    key_env: str,
    as_json: bool,
    everything: bool,
    **said: str | None,
) -> None:
    """Remove the answers that match all that is said, or --all."""
    parameters = {name: value for name, value in said.items() if value is not None}
    if everything == bool(parameters):
        raise click.UsageError("say which by --prefix, --model, --tag, --tenant, --key, or --all")
    answer = _ask("DELETE", settings, url, key_env, parameters or {"all": "true"})
    if as_json:
        _print_json(answer)
    else:
        removed = answer["removed"]
        click.echo(f"removed {removed:,} {'answer' if removed == 1 else 'answers'}", err=True)


def _ask(
    method: str,
    settings: Path | None,
    url: str | None,
    key_env: str,
    parameters: Mapping[str, str] | None = None,
) -> Any:
    client = AdminClient(
        url=url or admin_url(settings),
        key_env=key_env,
        path="/admin/cache",
        scope="admin:cache",
        plugin="cache",
    )
    try:
        return asyncio.run(client.ask(method, parameters))
    except GatewayError as error:
        raise click.ClickException(error.message) from None


def _print_json(value: Any) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))
