"""The options that all commands share, and the commands that plugins add."""

import logging
import subprocess
import sys
from pathlib import Path

import click
import pytest
import structlog
from click.testing import CliRunner

from core import __version__
from core.cli.main import cli
from tests.core.cli.support import refusal, run

GREETER = '''
import click
from localai import hookimpl

class Greeter:
    """Adds a command."""

    @hookimpl
    def commands(self, cli):
        @cli.command()
        @click.argument("name")
        def greet(name):
            """Say hello."""
            click.echo(f"Hello, {name}")

class Clumsy:
    """Fails to add one."""

    @hookimpl
    def commands(self, cli):
        raise RuntimeError("boom")
'''


@pytest.fixture
def greeter(folder: Path) -> Path:
    """A file with a plugin that adds a command."""
    (folder / "greeter_plugin.py").write_text(GREETER)
    file = folder / "localai.toml"
    file.write_text(
        '[chain]\nplugins = ["greeter"]\n[plugins.greeter]\nuse = "greeter_plugin:Greeter"\n'
    )
    return file


def test_the_version_is_one_line() -> None:
    """`version` prints the version and nothing else."""
    assert run("version").stdout == f"{__version__}\n"


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_lists_every_command(option: str) -> None:
    """Help names the commands with what they do, and the shared option."""
    result = run(option)
    assert result.exit_code == 0
    for command in ("check", "plugins", "serve", "version"):
        assert f"\n  {command} " in result.stdout
    assert "--config" in result.stdout


def test_every_command_has_help() -> None:
    """Each command says what it does."""
    for arguments in (["check"], ["plugins"], ["plugins", "list"], ["plugins", "new"], ["serve"]):
        result = run(*arguments, "--help")
        assert result.exit_code == 0
        assert len(result.stdout.splitlines()) > 4


def test_an_unknown_command_is_refused() -> None:
    """A command that nobody has is named, with exit code 2."""
    result = run("nothing")
    assert result.exit_code == 2
    assert "No such command 'nothing'" in result.stderr


def test_a_plugin_adds_a_command(greeter: Path) -> None:
    """A command of a plugin is in the help, and runs."""
    assert "\n  greet    Say hello." in run("--help").stdout
    assert run("greet", "Ann").stdout == "Hello, Ann\n"
    assert run("-c", greeter, "greet", "Bob").stdout == "Hello, Bob\n"


def test_a_plugin_cannot_replace_a_command(greeter: Path) -> None:
    """The router's own commands come first."""
    code = greeter.parent / "greeter_plugin.py"
    code.write_text(GREETER.replace("def greet", "def version").replace("Hello", "Goodbye"))
    assert run("version").stdout == f"{__version__}\n"


def test_a_plugin_that_adds_no_command_is_named(greeter: Path) -> None:
    """A hook that crashes costs its own commands only, and is told without a traceback."""
    greeter.write_text(greeter.read_text().replace(":Greeter", ":Clumsy"))
    result = run("--help")
    assert result.exit_code == 0
    assert "serve" in result.stdout
    assert result.stderr.splitlines()[0] == (
        "plugin 'greeter' adds no commands: RuntimeError: boom"
    )


def test_a_wrong_file_leaves_the_own_commands(folder: Path) -> None:
    """Help and version work with a broken file; help says why the plugins' commands are missing."""
    (folder / "localai.toml").write_text("[server]\nprot = 1\n")
    assert run("version").exit_code == 0
    result = run("--help")
    assert result.exit_code == 0
    assert "check" in result.stdout
    assert "plugins add no commands: localai.toml:2: [server] prot: unknown setting" in (
        result.stderr
    )


@pytest.mark.parametrize("command", [["check"], ["plugins", "list"], ["serve"]])
def test_a_file_that_is_missing_is_named(folder: Path, command: list[str]) -> None:
    """Whatever needs the file says that it is not there."""
    message = refusal(run("-c", folder / "other.toml", *command))
    assert message == f"{folder}/other.toml: can't be read: No such file or directory"


def test_the_file_is_found_in_order(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The option comes before the environment, which comes before the current folder."""
    for name in ("option", "environment", "localai"):
        (folder / f"{name}.toml").write_text("")
    assert run("check").stdout.startswith("No mistake in localai.toml.")
    monkeypatch.setenv("LOCALAI_CONFIG", "environment.toml")
    assert run("check").stdout.startswith("No mistake in environment.toml.")
    assert run("-c", "option.toml", "check").stdout.startswith("No mistake in option.toml.")


def test_the_module_runs_as_the_command_does(folder: Path) -> None:
    """`python -m core.cli` is `localai`, with its exit codes and without tracebacks."""
    command = [sys.executable, "-m", "core.cli"]
    done = subprocess.run([*command, "version"], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"{__version__}\n", "")
    (folder / "localai.toml").write_text("[")
    failed = subprocess.run([*command, "check"], capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert failed.stderr.startswith("Error: localai.toml: ")
    assert len(failed.stderr.splitlines()) == 1


def test_a_command_leaves_the_log_as_it_was() -> None:
    """What a command changes of the log is over with it; only warnings come out meanwhile."""
    before = structlog.get_config()
    seen: list[bool] = []

    @click.command()
    def look() -> None:
        seen.append(structlog.get_logger().is_enabled_for(logging.INFO))

    cli.add_command(look, "look-at-the-log")
    try:
        result = CliRunner().invoke(cli, ["look-at-the-log"], catch_exceptions=False)
    finally:
        del cli.commands["look-at-the-log"]
    assert (result.exit_code, seen) == (0, [False])
    assert structlog.get_config() == before


def test_a_command_that_is_not_there_may_be_a_plugins(greeter: Path) -> None:
    """Whoever asks for a command of a plugin that is off is told where to look."""
    result = run("wave")
    assert result.exit_code == 2
    assert "No such command 'wave'. Plugins that are off bring no commands" in result.stderr


def test_closed_streams_lead_nowhere() -> None:
    """The numbers of standard input, output and errors are never those of sockets."""
    looks = (
        "import os; from core.cli.main import open_streams; open_streams(); print('lost');"
        "nothing = os.stat(os.devnull).st_rdev;"
        "exit(not all(os.fstat(number).st_rdev == nothing for number in range(3)))"
    )
    closing = """exec "$0" -c "$1" <&- >&- 2>&-"""
    subprocess.run(["/bin/sh", "-c", closing, sys.executable, looks], check=True, timeout=60)
