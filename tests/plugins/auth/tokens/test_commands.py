"""`localai users` on the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from structlog.testing import capture_logs

from plugins.auth.tokens import commands
from plugins.auth.tokens.cost import Cost

PASSWORD = "canary horse"

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a command on the database of an empty folder."""
    file = tmp_path / "localai.toml"
    file.write_text("")
    cli = click.Group()
    commands.add_to(cli, Cost())

    def run(*arguments: str, stdin: str | None = None) -> Result:
        with capture_logs():
            return CliRunner().invoke(cli, ["users", *arguments], obj=file, input=stdin)

    return run


def make(run: Run, name: str = "anna", *more: str) -> Result:
    """Make a user."""
    return run("create", name, "--password-stdin", *more, stdin=f"{PASSWORD}\n")


def test_a_user_is_made_with_a_password_from_a_pipe(run: Run) -> None:
    """The first one closes the door, which is said; the password is said nowhere."""
    result = make(run, "Anna", "--full-name", "Anna A.", "--email", "a@b.c", "--tenant", "lab")
    assert result.exit_code == 0, result.output
    assert result.stdout == ""
    assert "made user 'anna' with chat, embeddings, models:read" in result.stderr
    assert "it is the first: from now on all callers need" in result.stderr
    assert PASSWORD not in result.output
    second = make(run, "ben", "--admin")
    assert "made user 'ben' with *" in second.stderr
    assert "it is the first" not in second.stderr


def test_a_user_gets_what_the_options_say(run: Run) -> None:
    """Scopes, models, tools, limits and budgets are stored, and shown as they were written."""
    options = ["--scope", "chat", "--scope", "admin:keys", "--model", "llama*", "--tool", "t"]
    options += ["--limit", "60 requests/minute", "--budget", "1000 tokens/day"]
    assert make(run, "anna", *options).exit_code == 0
    shown = json.loads(run("show", "anna", "--json").stdout)
    assert shown["scopes"] == ["chat", "admin:keys"]
    assert (shown["models"], shown["tools"]) == (["llama*"], ["t"])
    assert shown["limits"] == {"requests": "60/minute"}
    assert shown["budgets"] == [{"amount": 1000.0, "unit": "tokens", "period": "day"}]
    text = run("show", "anna").stdout
    assert "60 requests/minute 1000 tokens/day" in text
    assert "argon2" not in text


def test_a_password_is_never_an_argument(run: Run) -> None:
    """Without a terminal and without --password-stdin there is none, and no other way."""
    for arguments in (["create", "anna"], ["create", "anna", PASSWORD]):
        result = run(*arguments, stdin=f"{PASSWORD}\n")
        assert result.exit_code == 2
    assert "use --password-stdin" in run("create", "anna").stderr
    assert run("list").stdout == ""


def test_at_a_terminal_it_is_asked_for_twice(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that is typed is shown, and a slip is asked for again."""
    asked = []

    def prompt(text: str, **options: object) -> str:
        asked.append((text, options))
        return PASSWORD

    monkeypatch.setattr(commands, "_is_terminal", lambda: True)
    monkeypatch.setattr(click, "prompt", prompt)
    assert run("create", "anna").exit_code == 0
    ((text, options),) = asked
    assert text == "Password"
    assert options == {"hide_input": True, "confirmation_prompt": True, "err": True}


def test_users_are_listed(run: Run) -> None:
    """A line for each with tabs, or JSON with all about them."""
    for name in ("ben", "anna"):
        make(run, name)
    run("disable", "ben")
    assert [line.split("\t")[:3] for line in run("list").stdout.splitlines()] == [
        ["anna", "active", "default"],
        ["ben", "disabled", "default"],
    ]
    users = json.loads(run("list", "--json").stdout)
    assert [(user["name"], user["disabled"]) for user in users] == [("anna", False), ("ben", True)]


def test_a_user_is_disabled_enabled_and_removed(run: Run) -> None:
    """Each command says what it has done, and how to undo it."""
    make(run)
    assert "localai users enable anna undoes it" in run("disable", "anna").stderr
    assert "may log in again" in run("enable", "anna").stderr
    result = run("password", "anna", "--password-stdin", stdin="canary staple\n")
    assert "has a new password" in result.stderr
    assert "is removed" in run("remove", "anna").stderr
    assert run("list").stdout == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "nobody"], "there is no user 'nobody': localai users list shows all"),
        (["password", "nobody", "--password-stdin"], "there is no user 'nobody'"),
        (["create", "a b", "--password-stdin"], "a user's name has"),
        (["create", "a", "--password-stdin", "--scope", "chatt"], "did you mean 'chat'?"),
        (["create", "a", "--password-stdin", "--limit", "many"], "expected '60 requests/minute'"),
        (["create", "a", "--password-stdin", "--admin", "--scope", "chat"], "leave out --scope"),
    ],
)
def test_a_mistake_is_one_line(run: Run, arguments: list[str], message: str) -> None:
    """It says what to do instead, without a traceback."""
    result = run(*arguments, stdin=f"{PASSWORD}\n")
    assert result.exit_code in (1, 2)
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert PASSWORD not in result.output
    short = run("create", "anna", "--password-stdin", stdin="short\n")
    assert "a password has 8 to 1024 characters" in short.stderr
