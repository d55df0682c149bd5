"""`localai keys`: a key alone on standard output, everything else on standard error."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec

from localai import GatewayError, print_table
from plugins.auth import measures

if TYPE_CHECKING:
    from plugins.auth.keys.local import LocalKeys
    from plugins.auth.keys.record import Key

T = TypeVar("T")

Work = Callable[["LocalKeys"], Awaitable[T]]


def add_to(cli: click.Group, pepper: Path) -> None:
    """Add the commands; `pepper` is the file of the secret that keys are digested with."""

    @cli.group()
    def keys() -> None:
        """Make, list, rotate and revoke API keys."""

    for command in (_create(pepper), _list, _show, _rotate(pepper), _revoke):
        keys.add_command(command)


def _create(pepper: Path) -> click.Command:
    @click.command("create")
    @click.argument("name")
    @click.option("--scope", multiple=True, help="What it may do; chat, embeddings, models:read.")
    @click.option("--model", multiple=True, help="A model or pattern it may use; all if none.")
    @click.option("--tool", multiple=True, help="A tool or pattern it may offer; all if none.")
    @click.option("--tenant", default="default", show_default=True, help="Whose data it shares.")
    @click.option("--owner", default="", help="The person behind it.")
    @click.option("--expires", metavar="30d", help="How long it works; for ever if not said.")
    @click.option("--limit", multiple=True, metavar='"60 requests/minute"', help="How fast.")
    @click.option("--budget", multiple=True, metavar='"100000 tokens/day"', help="How much.")
    @click.option("--forwards-users", is_flag=True, help="Believe Open WebUI's user headers.")
    @click.option("--json", "as_json", is_flag=True, help="Print the key with all about it.")
    @click.pass_obj
    def create(settings: Path | None, /, as_json: bool, **options: Any) -> None:
        """Make a key named NAME and print it, once: KEY=$(localai keys create me)."""
        form = _form(options)

        async def make(keys: "LocalKeys") -> tuple[bool, tuple[str, "Key"]]:
            return await keys.is_unclaimed(), await keys.create(form)

        is_first, (text, key) = _run(make, settings, pepper)
        _print_key(text, key, as_json)
        _say(f"made key {key.kid} '{key.name}' with {', '.join(key.scopes)}")
        _say("keep it now: it is shown this once")
        if is_first:
            _say("it is the first: from now on all callers need a key, also on this machine")

    return create


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print all about each key.")
@click.pass_obj
def _list(settings: Path | None, as_json: bool) -> None:
    """List all keys, the oldest first."""
    from plugins.auth.keys.view import view

    now = time.time()
    shown = [view(key, now) for key in _run(lambda keys: keys.all(), settings)]
    if as_json:
        _print_json(shown)
        return
    head = ("KID", "NAME", "STATE", "TENANT", "SCOPES", "EXPIRES", "LAST USED")
    rows = [
        (
            *(each.kid, each.name, each.state, each.tenant, " ".join(each.scopes)),
            *(_day(each.expires_at), _day(each.last_used_at)),
        )
        for each in shown
    ]
    print_table(head, rows)


@click.command("show")
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_obj
def _show(settings: Path | None, key: str, as_json: bool) -> None:
    """Show all about a key but its secret. KEY is a kid, a whole key, or a name."""
    from plugins.auth.keys.view import view

    found = _run(lambda keys: keys.find(key), settings)
    shown = view(found, time.time())
    if as_json:
        _print_json(shown)
        return
    fields = msgspec.structs.asdict(shown)
    del fields["limits"], fields["budgets"]
    fields["bounds"] = ", ".join(measures.describe(found.limits, found.budgets)) or None
    for name, value in fields.items():
        if value is None:
            said = "-"
        elif isinstance(value, tuple):
            said = " ".join(value)
        else:
            said = str(value)
        click.echo(f"{name.replace('_', ' '):<18}{said}")


def _rotate(pepper: Path) -> click.Command:
    @click.command("rotate")
    @click.argument("key")
    @click.option("--grace", default="24h", show_default=True, help="The old secret works on.")
    @click.option("--json", "as_json", is_flag=True, help="Print the key with all about it.")
    @click.pass_obj
    def rotate(settings: Path | None, key: str, grace: str, as_json: bool) -> None:
        """Give KEY a new secret and print the new key, once."""

        async def renew(keys: "LocalKeys") -> tuple[str, "Key"]:
            from plugins.auth.keys import forms

            seconds = forms.grace(forms.Rotate(grace=grace))
            return await keys.rotate(await keys.find(key), seconds)

        text, renewed = _run(renew, settings, pepper)
        _print_key(text, renewed, as_json)
        _say(f"key {renewed.kid} has a new secret; the old one works for {grace} more")

    return rotate


@click.command("revoke")
@click.argument("key", required=False)
@click.option("--all", "is_all", is_flag=True, help="Revoke all keys.")
@click.pass_obj
def _revoke(settings: Path | None, key: str | None, is_all: bool) -> None:
    """End KEY for good, and with it all keys that were made with it."""
    if is_all == (key is not None):
        raise click.UsageError("name a key, or --all")

    async def end(keys: "LocalKeys") -> str:
        if key is None:
            return f"revoked {await keys.store.revoke_all(time.time())} keys"
        found = await keys.find(key)
        fallen = await keys.revoke(found)
        also = f"; {fallen} made with it {'falls' if fallen == 1 else 'fall'} too" if fallen else ""
        return f"revoked {found.kid} '{found.name}'{also}"

    _say(_run(end, settings))


def _form(options: dict[str, Any]) -> Any:
    from plugins.auth.keys import forms

    try:
        limits = measures.limits(options["limit"])
        budgets = [measures.budget(text) for text in options["budget"]]
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    as_form = partial(msgspec.convert, from_attributes=True)
    return forms.Create(
        name=options["name"],
        owner=options["owner"],
        tenant=options["tenant"],
        scopes=options["scope"] or forms.DEFAULT_SCOPES,
        models=options["model"] or None,
        tools=options["tool"] or None,
        limits=as_form(limits, forms.LimitsForm | None),
        budgets=as_form(budgets, tuple[forms.BudgetForm, ...]),
        expires_in=options["expires"],
        forwards_users=options["forwards_users"],
    )


def _run(work: Work[T], settings: Path | None, pepper: Path | None = None) -> T:
    """Do a command's work on the database; what is wrong is one line."""

    async def run() -> T:
        from plugins.auth.keys.local import opened

        async with opened(settings, pepper) as keys:
            return await work(keys)

    try:
        return asyncio.run(run())
    except GatewayError as error:
        raise click.ClickException(error.message) from None


def _say(text: str) -> None:
    click.echo(text, err=True)


def _print_key(text: str, key: "Key", as_json: bool) -> None:
    from plugins.auth.keys.view import issued

    if as_json:
        _print_json(issued(text, key, time.time()))
    else:
        click.echo(text)


def _print_json(value: Any) -> None:
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def _day(moment: Any) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
