"""`localai check`: is the file right, and what does it switch on?"""

from pathlib import Path
from typing import Any

import click

from core.cli.main import settings_of
from core.config import Settings, find, load


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.pass_context
def check(ctx: click.Context, file: Path | None) -> None:
    """Check a settings file, and print the chain that it makes."""
    from rich.console import Console

    settings = load(find(file)) if file else settings_of(ctx)
    generation = _build(settings)
    # Names and paths are printed as they are: nothing in them is markup, and no line is broken.
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    console.print(f"No mistake in {settings.document.name}.", style="green", end=" ")
    console.print("A request goes through:")
    for plugin in generation.plugins:
        console.print(f"  {plugin.name:<24} fails {plugin.fail_mode:<8} {plugin.use}")
    console.print(f"  {'ollama':<24} {', '.join(settings.ollama.hosts)}")


def _build(settings: Settings) -> Any:
    """Build everything that the file asks for, without starting it."""
    from core.gateway import Gateway
    from core.generation import build

    return build(Gateway(settings), settings, 1, None)


def add_to(cli: click.Group) -> None:
    """Add the command."""
    cli.add_command(check)
