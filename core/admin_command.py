"""Commands that ask the router that runs: the options that they share, and what they say."""

import asyncio
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import click
import msgspec
from msgspec import Struct

from core.admin_client import DEADLINE, AdminClient
from core.errors import GatewayError
from core.listen import admin_url


class AdminCommand(Struct, frozen=True, kw_only=True):
    """What a plugin administers: where it is served, and what a key must be good for."""

    path: str
    """Where the plugin serves it: `/admin/cache`."""
    scope: str
    """What the key must be good for: `admin:cache`."""
    plugin: str
    """The name to switch on in [chain] where nothing is served."""
    deadline: float = DEADLINE
    """Seconds until the router has answered."""

    def options(self, function: Callable[..., None]) -> Callable[..., None]:
        """Add --url, --key-env and --json; the function is called with a `RunningRouter` first."""

        @wraps(function)
        def asking(url: str | None, key_env: str, as_json: bool, **said: Any) -> None:
            settings: Path | None = click.get_current_context().obj
            router = RunningRouter(
                command=self, settings=settings, url=url, key_env=key_env, as_json=as_json
            )
            function(router, **said)

        decorated: Callable[..., None] = asking
        for option in (
            click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON."),
            click.option(
                "--key-env",
                default="LOCALAI_API_KEY",
                show_default=True,
                metavar="NAME",
                help=f"The environment variable with a key that has the scope {self.scope}.",
            ),
            click.option("--url", help="The router's address; else that of the settings."),
        ):
            decorated = option(decorated)
        return decorated


class RunningRouter(Struct, frozen=True, kw_only=True):
    """The router that a command asks, as its options say."""

    command: AdminCommand
    settings: Path | None
    """The settings file; `None` stands for the defaults."""
    url: str | None
    key_env: str
    as_json: bool
    """Whether the answer is to be printed as it came."""

    def ask(self, method: str, parameters: Mapping[str, str] | None = None, below: str = "") -> Any:
        """Return what it answers at the command's path, or `below` it.

        Raises `ClickException` that says what to do, and `SettingsError`.
        """
        command = self.command
        client = AdminClient(
            url=self.url or admin_url(self.settings),
            key_env=self.key_env,
            path=command.path,
            scope=command.scope,
            plugin=command.plugin,
            deadline=command.deadline,
        )
        try:
            return asyncio.run(client.ask(method, parameters, below))
        except GatewayError as error:
            raise click.ClickException(error.message) from None

    def print_json(self, answer: Any) -> None:
        """Print an answer for a program that reads it."""
        click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2))
