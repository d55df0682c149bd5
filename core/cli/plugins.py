"""`localai plugins list` and `localai plugins new NAME`."""

import keyword
import re
from pathlib import Path
from typing import Any

import click
import tomlkit

from core.cli.main import settings_of
from core.config import FILE_NAME, load
from core.errors import SettingsError
from core.resolve import entries, families

FOLDER = "my_plugins"

TAKEN = frozenset(
    {"Call", "Chunk", "Chunks", "False", "Handler", "None", "Principal", "Struct", "True"}
)
"""Names of Python and of the templates below, which a class of the same name would hide."""


@click.group()
def plugins() -> None:
    """See the plugins, or begin one of your own."""


@plugins.command("list")
@click.pass_context
def list_plugins(ctx: click.Context) -> None:
    """List the plugins there are, and which of them the file switches on."""
    on = {entry.name: entry.use for entry in entries(settings_of(ctx))}
    built_in = {
        f"{family}.{member}": use
        for family, members in families().items()
        for member, use in members.items()
    }
    for name, use in {**built_in, **on}.items():
        click.echo(f"{'on ' if name in on else 'off'}  {name:<24} {use}")


@plugins.command("new")
@click.argument("name")
@click.pass_context
def new(ctx: click.Context, name: str) -> None:
    """Write a commented plugin with a test, and add it to the file."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        raise SettingsError(
            f"'{name}': use lower-case letters, digits and '_', such as 'my_filter'"
        )
    class_name = "".join(word.title() for word in name.split("_"))
    if name in families() or name in keyword.kwlist or class_name in TAKEN:
        raise SettingsError(f"'{name}' has a meaning already: choose another name")
    file: Path = ctx.obj or Path(FILE_NAME)
    if file.exists():
        load(file)  # a mistake in the file is said before anything is written
    folder = file.resolve().parent / FOLDER
    source, test = folder / f"{name}.py", folder / f"test_{name}.py"
    for path in (source, test):
        if path.exists():
            raise SettingsError(f"{path} exists already: choose another name")
    document = tomlkit.parse(file.read_text(encoding="utf-8") if file.exists() else "")
    _add(document, name, f"{FOLDER}.{name}:{class_name}")
    folder.mkdir(exist_ok=True)
    (folder / "__init__.py").touch()
    source.write_text(_PLUGIN.format(name=name, class_name=class_name), encoding="utf-8")
    test.write_text(_TEST.format(name=name, class_name=class_name, folder=FOLDER), encoding="utf-8")
    file.write_text(tomlkit.dumps(document), encoding="utf-8")
    click.echo(
        f"wrote {FOLDER}/{name}.py and {FOLDER}/test_{name}.py, added '{name}' to {file.name}"
    )
    click.echo(f"try its test: python -m pytest {FOLDER}/test_{name}.py")


def _add(document: Any, name: str, use: str) -> None:
    """Put the plugin innermost in the chain, with a table; comments of the file stay."""
    tables = document.setdefault("plugins", tomlkit.table(is_super_table=True))
    if name in tables:
        raise SettingsError(f"the file has a plugin '{name}' already: choose another name")
    table = tomlkit.table()
    table.add("use", use)
    table.add("suffix", " ✓")
    tables[name] = table
    chain = document.setdefault("chain", tomlkit.table())
    chain.setdefault("plugins", tomlkit.array()).append(name)


def add_to(cli: click.Group) -> None:
    """Add the commands."""
    cli.add_command(plugins)


_PLUGIN = '''"""{class_name}: say here in one line what it is for. Fails closed."""

from contextlib import aclosing

from msgspec import Struct

from localai import Call, Chunk, Chunks, Handler, hookimpl


class {class_name}:
    """Put a mark behind every answer."""

    # closed: when this plugin crashes, the request is refused (right for checks).
    # open: when it crashes, the answer goes on without it (right for observers).
    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True):
        """The settings under [plugins.{name}] in localai.toml, with their defaults."""

        suffix: str = " ✓"

    def __init__(self, config: Config) -> None:
        self.config = config

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Runs once, at load. What it returns runs for every request, streamed or not."""

        async def marked(call: Call) -> Chunks:
            # Before: look at `call`, change it with call.replace(...), or raise InvalidRequest.
            async with aclosing(next(call)) as chunks:
                async for chunk in chunks:
                    # During: each piece of the answer; the last one has `done`.
                    if chunk.done:
                        chunk = chunk.replace(content=chunk.content + self.config.suffix)
                    yield chunk
            # After: the answer is complete.

        return marked
'''

_TEST = '''"""Tests of {name}."""

import asyncio

from {folder}.{name} import {class_name}
from localai import Call, Chunk, Principal


def test_the_mark_stands_behind_the_answer() -> None:
    """The answer ends with the mark, once."""

    async def ollama(call):
        yield Chunk(content="Hello")
        yield Chunk(done=True, done_reason="stop")

    async def run():
        call = Call(
            kind="chat",
            model="any",
            stream=True,
            dialect="ollama",
            request_id="test",
            principal=Principal(id="test"),
        )
        handler = {class_name}({class_name}.Config(suffix="!")).around_inference(ollama)
        return [chunk.content async for chunk in handler(call)]

    assert "".join(asyncio.run(run())) == "Hello!"
'''
