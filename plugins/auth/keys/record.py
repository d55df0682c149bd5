"""A key as it stands in the database and in memory; its secret stands in neither."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import msgspec
from sqlalchemy import RowMapping, or_

from localai import Budget, Limits, Principal
from plugins.auth.grants import Grants
from plugins.auth.keys.format import matches
from plugins.auth.records import Kind, Record
from plugins.auth.tables import keys

PREFIX = "key:"
"""Of the ids of keys among all callers' ids."""

_Names = tuple[str, ...] | None


@dataclass(slots=True, eq=False, kw_only=True, repr=False)
class Key(Record):
    """A row of the table `keys`; moments are seconds since 1970 (UTC)."""

    noun: ClassVar[str] = "key"

    kid: str
    digest: bytes
    old_digest: bytes | None
    old_expires_at: float | None
    hint: str
    name: str
    owner: str
    tenant: str
    scopes: tuple[str, ...]
    models: tuple[str, ...] | None
    tools: tuple[str, ...] | None
    limits: Limits | None
    budgets: tuple[Budget, ...]
    forwards_users: bool
    created_at: float
    revoked_at: float | None
    last_used_at: float | None

    @property
    def grants(self) -> Grants:
        """What the key has been given."""
        return Grants(
            tenant=self.tenant,
            scopes=self.scopes,
            models=self.models,
            tools=self.tools,
            limits=self.limits,
            budgets=self.budgets,
            expires_at=self.expires_at,
            forwards_users=self.forwards_users,
        )

    def is_opened_by(self, digest: bytes, now: float) -> bool:
        """Say whether a key of this digest is this one, by its new or its old secret."""
        return matches(digest, self.digest, self.old_digest, self.old_expires_at, now)

    def ended(self, now: float) -> tuple[float, str] | None:
        """Return since when this key may not call any more, and how that came."""
        if self.revoked_at is not None:
            return self.revoked_at, "was revoked"
        if self.expires_at is not None and now >= self.expires_at:
            day = datetime.fromtimestamp(self.expires_at, UTC).date()
            return self.expires_at, f"expired on {day.isoformat()}"
        return None

    def principal(self, parent: Principal | None) -> Principal:
        """Return who calls with this key."""
        return Principal(
            id=self.id,
            name=self.name,
            user=self.owner,
            tenant=self.tenant,
            scopes=frozenset(self.scopes),
            models=self.models,
            tools=self.tools,
            limits=self.limits,
            budgets=self.budgets,
            parent=parent,
        )


def read(row: RowMapping) -> Key:
    """Return the key of a row; raise `ValueError` for one that somebody has broken."""
    return Key(
        id=PREFIX + row["kid"],
        version=row["version"],
        parent=row["parent"],
        expires_at=row["expires_at"],
        kid=row["kid"],
        digest=bytes(row["digest"]),
        old_digest=None if row["old_digest"] is None else bytes(row["old_digest"]),
        old_expires_at=row["old_expires_at"],
        hint=row["hint"],
        name=row["name"],
        owner=row["owner"],
        tenant=row["tenant"],
        scopes=_typed(row["scopes"], tuple[str, ...]),
        models=_typed(row["models"], _Names),
        tools=_typed(row["tools"], _Names),
        limits=_typed(row["limits"], Limits | None),
        budgets=_typed(row["budgets"], tuple[Budget, ...]),
        forwards_users=row["forwards_users"],
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
    )


def _typed(value: Any, kind: Any) -> Any:
    return msgspec.convert(value, kind)


KEYS = Kind(
    name="keys",
    prefix=PREFIX,
    table=keys,
    read=read,
    lives=lambda since: (
        or_(keys.c.revoked_at.is_(None), keys.c.revoked_at > since)
        & or_(keys.c.expires_at.is_(None), keys.c.expires_at > since)
    ),
)
