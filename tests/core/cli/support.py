"""Running `localai` in tests, within this process or as one of its own."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from core.cli import commands, plugins, serve
from core.cli.main import cli

PATIENCE = 90
"""Seconds after which a test gives up; a busy machine takes long to start a process."""
EMBEDDED = '[ollama]\nembedded = "always"\n'


def run(*arguments: str | Path) -> Result:
    """Run a command in this process; return its output and exit code."""
    for module in (commands, plugins, serve):
        module.add_to(cli)
    return CliRunner().invoke(cli, [str(each) for each in arguments], prog_name="localai")


def stand_in(folder: Path, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have commands run in the folder of the settings, with a key in the environment."""
    monkeypatch.chdir(folder)
    monkeypatch.delenv("LOCALAI_CONFIG", raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("LOCALAI_API_KEY", key)


def refusal(result: Result) -> str:
    """Return the one message that a command failed with; no traceback may be there."""
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("Error: ")
    return lines[0].removeprefix("Error: ")


@dataclass
class Serving:
    """A `localai serve` in a process of its own, with the lines of its log so far."""

    process: asyncio.subprocess.Process
    said: list[str] = field(default_factory=list)

    async def line_with(self, text: str) -> str:
        """Read the log up to a line that has this text, and return the line."""
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.said.append(line.decode())
            if text in self.said[-1]:
                return self.said[-1]
        raise AssertionError(f"no '{text}' in the log: {self.said}")

    async def until(self, event: str) -> dict[str, Any]:
        """Read the log up to an event, and return its fields."""
        fields: dict[str, Any] = json.loads(await self.line_with(f'"event":"{event}"'))
        return fields


@asynccontextmanager
async def serving(*arguments: str | Path) -> AsyncIterator[Serving]:
    """Start `localai` with these arguments; it is gone at the end, however the test ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "core.cli",
        *map(str, arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE):
            yield Serving(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
