"""The rules of managing users."""

from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from localai import Forbidden, InvalidRequest, Limits, NotFound, Principal
from plugins.auth.tokens.forms import Change, Create, SetPassword
from plugins.auth.tokens.service import Service
from plugins.auth.tokens.user import User

ROOT = Principal(id="key:root", scopes=frozenset({"*"}))
LEAD = Principal(
    id="user:lead",
    tenant="lab",
    scopes=frozenset({"admin:users", "chat"}),
    models=("llama*",),
    limits=Limits(requests="60/minute"),
)
OTHER = LEAD.replace(id="user:other", tenant="shop")
PASSWORD = "correct horse"


async def create(service: Service, caller: Principal = ROOT, **fields: Any) -> User:
    """Make a user."""
    form = {"name": "anna", "password": PASSWORD, "scopes": ["chat"]} | fields
    return await service.accounts.create(caller, msgspec.convert(form, Create))


async def change(service: Service, caller: Principal, **fields: Any) -> User:
    """Change that user."""
    return await service.accounts.change(caller, "anna", msgspec.convert(fields, Change))


async def logs_in(service: Service, password: str = PASSWORD) -> str:
    """Return an access token of that user."""
    return (await service.logins.log_in("", "anna", password, "")).access_token


async def test_a_new_user_has_no_more_than_the_maker(service: Service) -> None:
    """Bounds that are not named are the maker's, and more is refused with what is too much."""
    user = await create(service, LEAD)
    assert (user.tenant, user.models, user.limits) == ("lab", ("llama*",), LEAD.limits)
    for fields in (
        {"scopes": ["usage:read"]},
        {"scopes": ["admin:*"]},
        {"scopes": ["*"]},
        {"tenant": "shop"},
        {"models": ["qwen"]},
        {"models": ["*"]},
        {"limits": {"requests": "61/minute"}},
    ):
        with pytest.raises(Forbidden, match="nobody can give what they do not hold"):
            await create(service, LEAD, name="ben", **fields)
    with pytest.raises(NotFound):
        await service.accounts.get(ROOT, "ben")


async def test_a_new_user_can_log_in_at_once(service: Service) -> None:
    """The password counts, and is stored as a hash only."""
    with capture_logs() as entries:
        await create(service)
        assert await service.authenticate(await logs_in(service))
    assert PASSWORD not in str(entries)
    for password in ("short", "x" * 1025):
        with pytest.raises(InvalidRequest, match="8 to 1024"):
            await create(service, name="ben", password=password)
    with pytest.raises(InvalidRequest, match="there is a user 'anna' already"):
        await create(service)


async def test_users_of_another_tenant_are_not_there(service: Service) -> None:
    """Not found is all that a caller of another tenant hears, whatever they try."""
    await create(service, LEAD)
    accounts = service.accounts
    for work in (
        accounts.get(OTHER, "anna"),
        change(service, OTHER, disabled=True),
        accounts.set_password(OTHER, "anna", SetPassword(password=PASSWORD)),
        accounts.remove(OTHER, "anna"),
        accounts.get(LEAD, "nobody"),
        accounts.remove(LEAD, "'; DROP TABLE users; --"),
        accounts.get(ROOT, "a\x00"),
    ):
        with pytest.raises(NotFound, match="there is no such user here"):
            await work
    assert [user.name for user in await accounts.page(OTHER, None, 9)] == []
    assert [user.name for user in await accounts.page(LEAD, "a\x00", 9)] == ["anna"]
    assert [user.name for user in await accounts.page(ROOT, None, 9)] == ["anna"]


@pytest.mark.parametrize(
    "more", [{"scopes": ["*"]}, {"scopes": ["usage:read"]}, {"models": ["*"]}, {}]
)
async def test_nobody_takes_over_a_stronger_user(service: Service, more: dict[str, Any]) -> None:
    """Who may do more can't be given a password, changed or removed by who may do less."""
    await create(service, tenant="lab", **more)
    accounts = service.accounts
    for work in (
        change(service, LEAD, full_name="x"),
        change(service, LEAD, scopes=["chat"], models=["llama*"]),
        accounts.set_password(LEAD, "anna", SetPassword(password="x" * 10)),
        accounts.remove(LEAD, "anna"),
    ):
        with pytest.raises(Forbidden):
            await work
    assert await logs_in(service)


async def test_nobody_gives_themselves_more(service: Service) -> None:
    """A user who manages users can't widen the own row."""
    await create(service, LEAD, scopes=["admin:users", "chat"])
    token = await logs_in(service)
    me = await service.authenticate(token)
    assert me is not None
    for fields in (
        {"scopes": ["*"]},
        {"scopes": ["admin:*"]},
        {"models": None, "limits": {"requests": "61/minute"}},
        {"tenant": "shop"},
    ):
        with pytest.raises(Forbidden):
            await change(service, me, **fields)
    changed = await change(service, me, models=None, limits=None)
    assert (changed.models, changed.limits) == (("llama*",), LEAD.limits)


async def test_a_change_is_made_and_nothing_else(service: Service) -> None:
    """Named fields change; tokens stay, with what the user has now."""
    await create(service)
    token = await logs_in(service)
    user = await change(service, ROOT, full_name="Anna", email="a@b.c", models=["x"])
    assert (user.full_name, user.email, user.models) == ("Anna", "a@b.c", ("x",))
    assert user.scopes == ("chat",)
    me = await service.authenticate(token)
    assert me is not None
    assert (me.name, me.models) == ("Anna", ("x",))


@pytest.mark.parametrize("fields", [{"disabled": True}, {"tenant": "lab"}])
async def test_a_lock_and_a_move_end_all_tokens(service: Service, fields: dict[str, Any]) -> None:
    """Who is disabled, or is moved to another tenant, is out at once; and stays so when let in."""
    await create(service)
    token = await logs_in(service)
    await change(service, ROOT, **fields)
    with pytest.raises(Exception, match="counts no longer"):
        await service.authenticate(token)
    user = await change(service, ROOT, disabled=False)
    assert user.disabled_at is None
    with pytest.raises(Exception, match="counts no longer"):
        await service.authenticate(token)
    assert await service.authenticate(await logs_in(service))


async def test_a_password_that_is_set_ends_all_tokens(service: Service) -> None:
    """Whoever had the old one has nothing from then on."""
    await create(service)
    token = await logs_in(service)
    await service.accounts.set_password(ROOT, "anna", SetPassword(password="battery staple"))
    with pytest.raises(Exception, match="counts no longer"):
        await service.authenticate(token)
    assert await service.authenticate(await logs_in(service, "battery staple"))
    with pytest.raises(InvalidRequest, match="8 to 1024"):
        await service.accounts.set_password(ROOT, "anna", SetPassword(password="x"))


async def test_each_change_is_in_the_log_without_values(service: Service) -> None:
    """Who did what to whom is on record; addresses and passwords are not."""
    with capture_logs() as entries:
        await create(service)
        await change(service, ROOT, email="canary@example.org", disabled=True)
        await service.accounts.set_password(ROOT, "anna", SetPassword(password="canary-canary"))
        await service.accounts.remove(ROOT, "anna")
    assert [entry["event"] for entry in entries if entry.get("user") == "anna"] == [
        "user created",
        "user changed",
        "password changed",
        "user removed",
    ]
    assert all(entry["by"] == "key:root" for entry in entries if "user" in entry)
    assert "canary" not in str(entries)
