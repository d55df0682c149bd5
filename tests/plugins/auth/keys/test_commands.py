"""`localai keys`."""

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.core.cli.support import refusal, run
from tests.plugins.support import serving

ROOT = Path(__file__).parents[4]
KEY = re.compile(r"lai_[0-9A-Za-z]{10}_[0-9A-Za-z_-]{43}_[0-9A-Za-z]{6}")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with settings that switch keys on."""
    monkeypatch.chdir(tmp_path)
    for name in ("LOCALAI_CONFIG", "LOCALAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "localai.toml").write_text('[chain]\nplugins = ["auth.keys"]\n')
    return tmp_path


def done(*arguments: str) -> Result:
    """Run a command that goes well."""
    result = run("keys", *arguments)
    assert result.exit_code == 0, result.stderr
    return result


def shown(key: str) -> dict[str, Any]:
    """Return all about a key."""
    found: dict[str, Any] = json.loads(done("show", key, "--json").stdout)
    return found


def test_the_key_is_alone_on_standard_output() -> None:
    """`KEY=$(localai keys create me)` works: everything else is on standard error."""
    result = done("create", "me")
    assert KEY.fullmatch(result.stdout.rstrip("\n"))
    assert result.stdout.count("\n") == 1
    assert "it is the first: from now on all callers need a key" in result.stderr
    assert result.stdout.strip() not in result.stderr
    second = done("create", "you")
    assert "it is the first" not in second.stderr
    assert "shown this once" in second.stderr


def test_all_can_be_said_on_the_command_line() -> None:
    """Each option sets what it names."""
    made = json.loads(
        done(
            *("create", "shop", "--scope", "chat", "--scope", "admin:keys", "--model", "qwen*"),
            *("--tool", "get_*", "--tenant", "team", "--owner", "anna", "--expires", "30d"),
            *("--limit", "60 requests/minute", "--limit", "4 concurrent"),
            *("--budget", "100000 tokens/day", "--budget", "1.5 money/month"),
            *("--forwards-users", "--json"),
        ).stdout
    )
    assert KEY.fullmatch(made.pop("key"))
    assert made == shown("shop")
    assert made["scopes"] == ["chat", "admin:keys"]
    assert (made["models"], made["tools"]) == (["qwen*"], ["get_*"])
    assert (made["tenant"], made["owner"], made["forwards_users"]) == ("team", "anna", True)
    assert made["limits"] == {"requests": "60/minute", "concurrent": 4}
    assert [each["unit"] for each in made["budgets"]] == ["tokens", "money"]
    assert made["expires_at"]
    lines = dict(line.split(None, 1) for line in done("show", "shop").stdout.splitlines())
    assert lines["bounds"] == (
        "60 requests/minute, 4 concurrent, 100000 tokens/day, 1.5 money/month"
    )
    assert lines["scopes"] == "chat admin:keys"


def test_little_is_enough() -> None:
    """A key chats, embeds and lists models unless more is said."""
    done("create", "me")
    assert shown("me")["scopes"] == ["chat", "embeddings", "models:read"]
    assert shown("me")["models"] is None


def test_keys_are_listed_for_people_and_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a pipe each key is a line with tabs; no secret is in any list."""
    texts = [done("create", name).stdout.strip() for name in ("me", "[red]you[/red]")]
    lines = [line.split("\t") for line in done("list").stdout.splitlines()]
    assert lines[0][:3] == ["KID", "NAME", "STATE"]
    assert [line[:3] for line in lines[1:]] == [
        [text[4:14], name, "active"]
        for text, name in zip(texts, ("me", "[red]you[/red]"), strict=True)
    ]
    listed = json.loads(done("list", "--json").stdout)
    assert [key["name"] for key in listed] == ["me", "[red]you[/red]"]
    everything = done("list").stdout + done("list", "--json").stdout + done("show", "me").stdout
    for text in texts:
        assert text[15:58] not in everything


def test_a_key_is_rotated_and_revoked() -> None:
    """The new text is alone on standard output, and what is said names the kid."""
    text = done("create", "me").stdout.strip()
    result = done("rotate", text, "--grace", "1h")
    renewed = result.stdout.strip()
    assert KEY.fullmatch(renewed)
    assert renewed[4:14] == text[4:14]
    assert renewed != text
    assert "the old one works for 1h more" in result.stderr
    assert json.loads(done("rotate", "me", "--json").stdout)["key"][4:14] == text[4:14]
    assert shown("me")["old_secret_until"]
    gone = done("revoke", text[4:14])
    assert gone.stdout == ""
    assert f"revoked {text[4:14]} 'me'" in gone.stderr
    assert shown("me")["state"] == "revoked"
    for name in ("a", "b"):
        done("create", name)
    assert "revoked 2 keys" in done("revoke", "--all").stderr


WRONG = [
    (["create", ""], "a name has 1 to 64 printable characters"),
    (["create", "x", "--scope", "chatt"], "did you mean 'chat'?"),
    (["create", "x", "--limit", "60"], "expected '60 requests/minute'"),
    (["create", "x", "--budget", "many"], "expected a budget such as"),
    (["create", "x", "--expires", "soon"], "expires_in: Expected a duration"),
    (["create", "x", "--tenant", "a b"], "the tenant has 1 to 64 letters"),
    (["create", "x", "--model", "a b"], "models: a name or pattern"),
    (["show", "nobody"], "there is no key 'nobody'"),
    (["rotate", "me", "--grace", "1y"], "grace: Expected a duration"),
    (["rotate", "me", "--grace", "31d"], "grace: expected 0 to"),
    (["revoke", "lai_nothing"], "was it copied whole?"),
]


def test_what_is_wrong_is_one_line() -> None:
    """A mistake is one line on standard error, exit code 1, and nothing is changed."""
    done("create", "me")
    before = shown("me")
    for arguments, message in WRONG:
        assert message in refusal(run("keys", *arguments))
    assert shown("me") == before
    assert len(json.loads(done("list", "--json").stdout)) == 1


def test_what_to_revoke_must_be_said() -> None:
    """Neither a key nor `--all`, and both of them, are refused with the usage."""
    for arguments in ([], ["me", "--all"]):
        result = run("keys", "revoke", *arguments)
        assert result.exit_code == 2
        assert "name a key, or --all" in result.stderr


def test_a_database_that_is_away_is_one_line(folder: Path) -> None:
    """Where no server answers, the command says so, without the password."""
    (folder / "localai.toml").write_text(
        '[chain]\nplugins = ["auth.keys"]\n[database]\ntimeout = "1s"\n'
        'url = "postgresql://me:canary@127.0.0.1:1/none"\n'
    )
    result = run("keys", "list")
    assert result.exit_code == 1
    assert "Error: the router's database does not answer" in result.stderr
    assert "canary" not in result.stderr


def test_the_plugin_loads_no_database_before_it_needs_it() -> None:
    """The commands, and a router without keys, do without SQLAlchemy."""
    code = (
        "import click, pathlib, sys, plugins.auth.keys.plugin as plugin\n"
        "plugin.commands.add_to(click.Group(), pathlib.Path('x'))\n"
        "sys.exit('sqlalchemy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


async def test_a_router_that_runs_sees_what_a_command_did(tmp_path: Path) -> None:
    """The first key that a command makes shuts the door, and works; a revoked one does not, all
    with the next request."""
    async with serving(tmp_path, "auth.keys") as (_, client):
        assert (await client.get("/api/tags")).status_code == 200
        key = await _command(tmp_path, "create", "me")
        assert (await client.get("/api/tags")).status_code == 401
        client.headers["x-api-key"] = key
        assert (await client.get("/api/tags")).status_code == 200
        await _command(tmp_path, "revoke", "me")
        assert (await client.get("/api/tags")).status_code == 401


async def _command(folder: Path, *arguments: str) -> str:
    """Run a command in a process of its own; return what it printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "core.cli", "-c", str(folder / "localai.toml"), "keys", *arguments),
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    return printed.decode().strip()
