"""How a key is shown: everything but its secret."""

from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import asdict

from localai import Budget, Limits
from plugins.auth.keys.record import Key


class View(Struct, frozen=True, kw_only=True):
    """A key in an answer; moments are texts of RFC 3339."""

    kid: str
    name: str
    hint: str
    """Its last four characters."""
    state: str
    """`active`, or since when it is not: `revoked`, `expired`."""
    owner: str
    tenant: str
    scopes: tuple[str, ...]
    models: tuple[str, ...] | None
    tools: tuple[str, ...] | None
    limits: Limits | None
    budgets: tuple[Budget, ...]
    parent: str | None
    forwards_users: bool
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    old_secret_until: datetime | None
    """Until when the secret before the last rotation works too."""


class Issued(View, frozen=True, kw_only=True):
    """A key that was made or rotated, with its text; no other answer has that."""

    key: str


def view(key: Key, now: float) -> View:
    """Return what is shown of a key."""
    state = "active"
    if key.ended(now):
        state = "expired" if key.revoked_at is None else "revoked"
    old = key.old_expires_at
    return View(
        kid=key.kid,
        name=key.name,
        hint=key.hint,
        state=state,
        owner=key.owner,
        tenant=key.tenant,
        scopes=key.scopes,
        models=key.models,
        tools=key.tools,
        limits=key.limits,
        budgets=key.budgets,
        parent=key.parent,
        forwards_users=key.forwards_users,
        created_at=datetime.fromtimestamp(key.created_at, UTC),
        expires_at=_moment(key.expires_at),
        revoked_at=_moment(key.revoked_at),
        last_used_at=_moment(key.last_used_at),
        old_secret_until=_moment(old if old is not None and old > now else None),
    )


def issued(text: str, key: Key, now: float) -> Issued:
    """Return what the maker of a key is shown, once."""
    return Issued(key=text, **asdict(view(key, now)))


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
