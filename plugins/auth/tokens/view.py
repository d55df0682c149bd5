"""How a user is shown: everything but the password's hash."""

from datetime import UTC, datetime

from msgspec import Struct

from localai import Budget, Limits, Principal
from plugins.auth.tokens.user import User


class View(Struct, frozen=True, kw_only=True):
    """A user in an answer; moments are texts of RFC 3339."""

    name: str
    full_name: str
    email: str
    tenant: str
    disabled: bool
    scopes: tuple[str, ...]
    models: tuple[str, ...] | None
    tools: tuple[str, ...] | None
    limits: Limits | None
    budgets: tuple[Budget, ...]
    created_at: datetime
    disabled_at: datetime | None


class Me(Struct, frozen=True, kw_only=True):
    """A caller as they see themselves, whatever their credential is."""

    id: str
    name: str
    user: str
    tenant: str
    scopes: tuple[str, ...]
    models: tuple[str, ...] | None
    tools: tuple[str, ...] | None
    limits: Limits | None
    budgets: tuple[Budget, ...]


def view(user: User) -> View:
    """Return what is shown of a user."""
    return View(
        name=user.name,
        full_name=user.full_name,
        email=user.email,
        tenant=user.tenant,
        disabled=user.disabled_at is not None,
        scopes=user.scopes,
        models=user.models,
        tools=user.tools,
        limits=user.limits,
        budgets=user.budgets,
        created_at=_moment(user.created_at),
        disabled_at=None if user.disabled_at is None else _moment(user.disabled_at),
    )


def me(caller: Principal) -> Me:
    """Return what callers are told about themselves."""
    return Me(
        id=caller.id,
        name=caller.name,
        user=caller.user,
        tenant=caller.tenant,
        scopes=tuple(sorted(caller.scopes)),
        models=caller.models,
        tools=caller.tools,
        limits=caller.limits,
        budgets=caller.budgets,
    )


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(round(seconds), UTC)
