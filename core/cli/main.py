"""The entry of `localai`: options that all commands share, and the commands of plugins."""

import logging
import os
import sys
from pathlib import Path
from typing import Any

import click
import structlog

from core import __version__
from core.config import Settings, find, load
from core.errors import SettingsError


class Cli(click.Group):
    """A group that asks the file's plugins for more commands when one is not its own."""

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return a command, of the core or of a plugin."""
        return super().get_command(ctx, name) or _plugin_commands(ctx).get(name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is meant; where there is none, say where it may be."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            hint = "Plugins that are off bring no commands: 'localai plugins list' shows them."
            raise click.UsageError(f"{error.message} {hint}", ctx) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted({*super().list_commands(ctx), *_plugin_commands(ctx)})

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a mistake in the settings is one message, not a traceback."""
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            raise click.ClickException(str(error)) from None


@click.group(cls=Cli, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "-c",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The settings file; else LOCALAI_CONFIG, else ./localai.toml.",
)
@click.pass_context
def cli(ctx: click.Context, config: Path | None) -> None:
    """Put local models behind one door: LocalAI edge router."""
    ctx.obj = find(config)
    # What a command prints may go on into a pipe or a variable: the log stands apart from it, and
    # says only what went wrong.
    before = structlog.get_config()
    ctx.call_on_close(lambda: structlog.configure(**before))
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


@cli.command()
def version() -> None:
    """Print the version."""
    click.echo(__version__)


def settings_of(ctx: click.Context) -> Settings:
    """Return the settings that the options name; raise `SettingsError`."""
    return load(ctx.obj)


def _plugin_commands(ctx: click.Context) -> dict[str, click.Command]:
    """Return what the plugins of the file add; nothing while the file is wrong."""
    from core import loader

    group = click.Group()
    try:
        settings = load(find(ctx.params.get("config")))
        manager = loader.register(settings, loader.load(settings))
    except SettingsError as error:
        click.echo(f"plugins add no commands: {error}", err=True)
        return {}
    for name, add in loader.implementations(manager, "commands"):
        try:
            add(group)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            click.echo(f"plugin '{name}' adds no commands: {reason}", err=True)
    return dict(group.commands)


def open_streams() -> None:
    """Have standard input, output and errors lead nowhere where they are closed, as some that
    start services leave them: else the first sockets get their numbers, which uvloop refuses."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115


def main() -> None:
    """Run the command line."""
    open_streams()
    from core.cli import commands, plugins, serve

    for module in (commands, plugins, serve):
        module.add_to(cli)
    try:
        cli(prog_name="localai")
    except KeyboardInterrupt:
        sys.exit(130)
