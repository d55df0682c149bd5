"""`localai check`: is the file right, and what does it switch on?"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from core.cli.main import settings_of
from core.config import Settings, find, load
from core.coverage import coverage, guards
from core.loader import Plugin


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.pass_context
def check(ctx: click.Context, file: Path | None) -> None:
    """Check a settings file; print the chain that it makes, and what its guards see."""
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
    for line in _coverage(generation.plugins):
        console.print(line)


def _coverage(plugins: Sequence[Plugin]) -> Iterator[str]:
    """Yield the lines of a table: on which endpoint which guard checks what goes in and out."""
    from core.api import ollama, openai

    found = guards(plugins)
    if not found:
        return
    names = [guard.name.rpartition(".")[2] for guard in found]
    yield ""
    yield "Every text is checked on its way in and out:"
    yield f"  {'':<32}" + "".join(f" {name:<{max(len(name), 6)}}" for name in names).rstrip()
    for row in coverage(plugins, [*openai.OPERATIONS, *ollama.OPERATIONS]):
        cells = [
            "+".join(short for way, short in (("input", "in"), ("output", "out")) if way in cell)
            for cell in row.cells
        ]
        line = f"  {row.endpoint:<25} {row.mode:<6}" + "".join(
            f" {cell or '-':<{max(len(name), 6)}}" for name, cell in zip(names, cells, strict=True)
        )
        yield line.rstrip()


def _build(settings: Settings) -> Any:
    """Build everything that the file asks for, without starting it."""
    from core.gateway import Gateway
    from core.generation import build

    return build(Gateway(settings), settings, 1, None)


def add_to(cli: click.Group) -> None:
    """Add the command."""
    cli.add_command(check)
