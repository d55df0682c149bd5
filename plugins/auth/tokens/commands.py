"""`localai users`: passwords are asked for, or read from standard input, never an argument."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from localai import GatewayError
from plugins.auth import measures

if TYPE_CHECKING:
    from plugins.auth.tokens.cost import Cost
    from plugins.auth.tokens.local import LocalUsers
    from plugins.auth.tokens.user import User

T = TypeVar("T")

Work = Callable[["LocalUsers"], Awaitable[T]]
Run = Callable[[Work[Any], Path | None], Any]

_from_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input."
)


def add_to(cli: click.Group, cost: "Cost") -> None:
    """Add the commands; `cost` is what a check of a password costs."""

    @cli.group()
    def users() -> None:
        """Make, list, disable and remove users, and set their passwords."""

    def run(work: Work[T], settings: Path | None) -> T:
        return _run(work, settings, cost)

    for command in (_create(run), _list(run), _show(run), _password(run), *_others(run)):
        users.add_command(command)


def _create(run: Run) -> click.Command:
    @click.command("create")
    @click.argument("name")
    @click.option("--full-name", default="", help="The name to show.")
    @click.option("--email", default="", help="The address to show.")
    @click.option("--scope", multiple=True, help="What they may do; chat, embeddings, models:read.")
    @click.option("--admin", is_flag=True, help="They may do everything.")
    @click.option("--model", multiple=True, help="A model or pattern they may use; all if none.")
    @click.option("--tool", multiple=True, help="A tool or pattern they may offer; all if none.")
    @click.option("--tenant", default="default", show_default=True, help="Whose data they share.")
    @click.option("--limit", multiple=True, metavar='"60 requests/minute"', help="How fast.")
    @click.option("--budget", multiple=True, metavar='"100000 tokens/day"', help="How much.")
    @_from_stdin
    @click.pass_obj
    def create(settings: Path | None, /, admin: bool, password_stdin: bool, **options: Any) -> None:
        """Make a user named NAME, with a password that is asked for."""
        if admin and options["scope"]:
            raise click.UsageError("--admin has every scope: leave out --scope")
        if admin:
            options["scope"] = ("*",)
        form = _form(options, _ask(password_stdin))

        async def make(users: "LocalUsers") -> tuple[bool, "User"]:
            return await users.is_unclaimed(), await users.create(form)

        is_first, user = run(make, settings)
        _say(f"made user '{user.name}' with {', '.join(user.scopes)}")
        if is_first:
            _say("it is the first: from now on all callers need a token or key, here too")

    return create


def _list(run: Run) -> click.Command:
    @click.command("list")
    @click.option("--json", "as_json", is_flag=True, help="Print all about each user.")
    @click.pass_obj
    def list_users(settings: Path | None, as_json: bool) -> None:
        """List all users by name."""
        found = run(lambda users: users.all(), settings)
        if as_json:
            from plugins.auth.tokens.view import view

            _print_json([view(user) for user in found])
            return
        for user in found:
            state = "active" if user.disabled_at is None else "disabled"
            click.echo("\t".join([user.name, state, user.tenant, user.scope, user.full_name]))

    return list_users


def _show(run: Run) -> click.Command:
    @click.command("show")
    @click.argument("name")
    @click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
    @click.pass_obj
    def show(settings: Path | None, name: str, as_json: bool) -> None:
        """Show all about a user but the password."""
        from plugins.auth.tokens.view import view

        user = run(lambda users: users.find(name), settings)
        if as_json:
            _print_json(view(user))
            return
        fields = msgspec.structs.asdict(view(user))
        del fields["limits"], fields["budgets"]
        fields["bounds"] = measures.describe(user.limits, user.budgets)
        for field, value in fields.items():
            said = " ".join(value) if isinstance(value, tuple | list) else value
            click.echo(f"{field.replace('_', ' '):<14}{'-' if said in (None, '') else said}")

    return show


def _password(run: Run) -> click.Command:
    @click.command("password")
    @click.argument("name")
    @_from_stdin
    @click.pass_obj
    def password(settings: Path | None, name: str, password_stdin: bool) -> None:
        """Give NAME another password; all of the user's sessions end."""
        run(lambda users: users.find(name), settings)
        text = _ask(password_stdin)
        run(lambda users: users.set_password(name, text), settings)
        _say(f"'{name}' has a new password and must log in again")

    return password


def _others(run: Run) -> list[click.Command]:
    @click.command("disable")
    @click.argument("name")
    @click.pass_obj
    def disable(settings: Path | None, name: str) -> None:
        """Keep NAME out, with all tokens and all keys that the user has made."""
        run(lambda users: users.disable(name), settings)
        _say(f"'{name}' is disabled: localai users enable {name} undoes it")

    @click.command("enable")
    @click.argument("name")
    @click.pass_obj
    def enable(settings: Path | None, name: str) -> None:
        """Let NAME in again."""
        run(lambda users: users.enable(name), settings)
        _say(f"'{name}' may log in again")

    @click.command("remove")
    @click.argument("name")
    @click.pass_obj
    def remove(settings: Path | None, name: str) -> None:
        """Remove NAME for good, with all tokens and all keys that the user has made."""
        run(lambda users: users.remove(name), settings)
        _say(f"'{name}' is removed")

    return [disable, enable, remove]


def _ask(from_stdin: bool) -> str:
    """Return a password from a pipe, or typed twice at a terminal."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not _is_terminal():
        raise click.UsageError("there is no terminal to ask at: use --password-stdin")
    text: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return text


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _form(options: dict[str, Any], password: str) -> Any:
    from plugins.auth.keys.forms import DEFAULT_SCOPES
    from plugins.auth.tokens import forms

    try:
        limits = measures.limits(options["limit"])
        budgets = tuple(measures.budget(text) for text in options["budget"])
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    values: dict[str, Any] = {
        "scopes": options["scope"] or DEFAULT_SCOPES,
        "models": options["model"] or None,
        "tools": options["tool"] or None,
        "limits": limits,
        "budgets": budgets,
    }
    others = {name: options[name] for name in ("name", "full_name", "email", "tenant")}
    return forms.Create(password=password, **others, **values)


def _run(work: Work[T], settings: Path | None, cost: "Cost") -> T:
    """Do a command's work on the database; what is wrong is one line."""

    async def run() -> T:
        from plugins.auth.tokens.local import opened

        async with opened(settings, cost) as users:
            return await work(users)

    try:
        return asyncio.run(run())
    except GatewayError as error:
        raise click.ClickException(error.message) from None


def _say(text: str) -> None:
    click.echo(text, err=True)


def _print_json(value: Any) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))
