"""The options that commands share, and what they make of an answer."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from core import admin_command as module
from core.admin_client import AdminClient
from core.admin_command import AdminCommand, RunningRouter
from core.errors import Unavailable

ADMIN = AdminCommand(path="/admin/things", scope="admin:things", plugin="things", deadline=3.0)

Asked = tuple[Any, str, Mapping[str, str] | None, str]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """Answer in place of a router; return what it is asked."""
    seen: list[Asked] = []

    class Client(AdminClient, frozen=True, kw_only=True):
        async def ask(
            self, method: str, parameters: Mapping[str, str] | None = None, below: str = ""
        ) -> Any:
            """Note it."""
            seen.append((self, method, parameters, below))
            if below == "/broken":
                raise Unavailable("it is away: try again")
            return {"name": "Zoë"}

    monkeypatch.setattr(module, "AdminClient", Client)
    return seen


@click.command()
@click.argument("name")
@click.option("--loud", is_flag=True)
@ADMIN.options
def things(router: RunningRouter, name: str, loud: bool) -> None:
    """Show a thing."""
    answer = router.ask("POST", {"loud": str(loud)}, below=f"/{name}")
    if router.as_json:
        router.print_json(answer)
    else:
        click.echo(answer["name"])


def run(*arguments: str, settings: Path | None = None) -> Result:
    """Run the command with a settings file."""
    return CliRunner().invoke(things, arguments, obj=settings)


def test_the_options_say_who_is_asked(asked: list[Asked]) -> None:
    """Address and variable go to the client with what is served, the rest to the function."""
    result = run("one", "--loud", "--url", "http://x:1", "--key-env", "OTHER")
    assert (result.exit_code, result.stdout) == (0, "Zoë\n")
    ((client, *rest),) = asked
    assert rest == ["POST", {"loud": "True"}, "/one"]
    assert (client.url, client.key_env, client.deadline) == ("http://x:1", "OTHER", 3.0)
    assert (client.path, client.scope, client.plugin) == ("/admin/things", "admin:things", "things")


def test_the_settings_know_the_address(asked: list[Asked], tmp_path: Path) -> None:
    """Without --url it is that of the settings file, and the key that of the usual variable."""
    file = tmp_path / "localai.toml"
    file.write_text('[server]\nport = 8123\nadmin = "127.0.0.1:8124"\n')
    assert run("one", settings=file).exit_code == 0
    ((client, *_),) = asked
    assert (client.url, client.key_env) == ("http://127.0.0.1:8124", "LOCALAI_API_KEY")


def test_json_is_printed_as_it_came(asked: list[Asked]) -> None:
    """`--json` is for programs."""
    assert json.loads(run("one", "--json").stdout) == {"name": "Zoë"}


def test_a_refusal_is_one_message(asked: list[Asked]) -> None:
    """What the router refuses ends the command, without a traceback."""
    result = run("broken")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: it is away: try again\n"


def test_the_help_names_the_scope() -> None:
    """Options of the command stand beside those that all share."""
    shown = run("--help").stdout
    for text in ("--loud", "--json", "--url", "--key-env", "admin:things", "Show a thing."):
        assert text in shown
