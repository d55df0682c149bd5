"""A user as it stands in memory; the password's hash stands in the database only."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec
from sqlalchemy import RowMapping, or_

from localai import Budget, InvalidRequest, Limits, Principal
from plugins.auth.grants import Grants
from plugins.auth.records import Kind, Record
from plugins.auth.tables import users

PREFIX = "user:"
"""Of the ids of users among all callers' ids."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
_Names = tuple[str, ...] | None


@dataclass(slots=True, eq=False, kw_only=True, repr=False)
class User(Record):
    """A row of the table `users`; moments are seconds since 1970 (UTC)."""

    noun: ClassVar[str] = "user"

    name: str
    full_name: str
    email: str
    tenant: str
    scopes: tuple[str, ...]
    models: tuple[str, ...] | None
    tools: tuple[str, ...] | None
    limits: Limits | None
    budgets: tuple[Budget, ...]
    stamp: str
    ended_sessions: dict[str, float]
    """Those whose access tokens could still count, with the moment of their end."""
    created_at: float
    disabled_at: float | None
    removed_at: float | None
    scope: str
    """All scopes as one text."""

    def ended(self, now: float) -> tuple[float, str] | None:
        """Return since when this user may not call any more, and how that came."""
        if self.removed_at is not None:
            return self.removed_at, "was removed"
        if self.disabled_at is not None:
            return self.disabled_at, "is disabled"
        return None

    def principal(self, parent: Principal | None) -> Principal:
        """Return who calls."""
        return Principal(
            id=self.id,
            name=self.full_name or self.name,
            user=self.name,
            tenant=self.tenant,
            scopes=frozenset(self.scopes),
            models=self.models,
            tools=self.tools,
            limits=self.limits,
            budgets=self.budgets,
            parent=parent,
        )

    @property
    def grants(self) -> Grants:
        """What the user may do, use and take."""
        return Grants(
            tenant=self.tenant,
            scopes=self.scopes,
            models=self.models,
            tools=self.tools,
            limits=self.limits,
            budgets=self.budgets,
        )


def read(row: RowMapping) -> User:
    """Return the user of a row; raise `ValueError` for one that somebody has broken."""
    scopes: tuple[str, ...] = _typed(row["scopes"], tuple[str, ...])
    return User(
        id=PREFIX + row["name"],
        version=row["version"],
        name=row["name"],
        full_name=row["full_name"],
        email=row["email"],
        tenant=row["tenant"],
        scopes=scopes,
        models=_typed(row["models"], _Names),
        tools=_typed(row["tools"], _Names),
        limits=_typed(row["limits"], Limits | None),
        budgets=_typed(row["budgets"], tuple[Budget, ...]),
        stamp=row["stamp"],
        ended_sessions=_typed(row["ended"], dict[str, float]),
        created_at=row["created_at"],
        disabled_at=row["disabled_at"],
        removed_at=row["removed_at"],
        scope=as_scope(scopes),
    )


def as_scope(scopes: tuple[str, ...] | frozenset[str]) -> str:
    """Return scopes as the one text that OAuth 2 has for them."""
    return " ".join(sorted(scopes))


def user_name(text: str) -> str:
    """Return a user's name as it is stored; raise `InvalidRequest` for what can't be one."""
    name = text.strip().lower()
    if not is_name(name):
        raise InvalidRequest(
            "a user's name has 1 to 64 letters, digits or signs of '. _ @ + -', and begins with "
            "a letter or digit",
            param="name",
        )
    return name


def is_name(text: str) -> bool:
    """Say whether a text has the form of a stored name."""
    return _NAME.fullmatch(text) is not None


def _typed(value: Any, kind: Any) -> Any:
    return msgspec.convert(value, kind)


USERS = Kind(
    name="users",
    prefix=PREFIX,
    table=users,
    read=read,
    lives=lambda since: (
        or_(users.c.removed_at.is_(None), users.c.removed_at > since)
        & or_(users.c.disabled_at.is_(None), users.c.disabled_at > since)
    ),
)
