"""Users in the database. Every change takes a version, by which all routers notice it."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from localai import Database, InvalidRequest
from plugins.auth.grants import Grants
from plugins.auth.keys.record import KEYS
from plugins.auth.tables import keys, next_version, sessions, users
from plugins.auth.tokens.user import PREFIX, USERS, User, read

Apply = Callable[[User], Mapping[str, Any]]
"""Returns the new values of some columns; what it raises leaves the user as it was."""

MOST_ENDED = 1000
"""Ended sessions that a user's row holds; after more of them all of the user's sessions end."""


class UserStore:
    """Makes and changes users. Those who were removed are not there, but for `create`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self, name: str, full_name: str, email: str, grants: Grants, password: str, now: float
    ) -> User:
        """Add a user with this hash of a password; raise `InvalidRequest` if there is one."""
        values = {
            "name": name,
            "full_name": full_name,
            "email": email,
            "created_at": now,
            "disabled_at": None,
            "removed_at": None,
            **new_password(password),
            **columns_of(grants),
        }
        async with self._database.write() as connection:
            values["version"] = await next_version(connection, USERS.name)
            query = select(users.c.removed_at).where(users.c.name == name)
            before = (await connection.execute(query)).one_or_none()
            if before is not None and before.removed_at is None:
                raise InvalidRequest(f"there is a user '{name}' already", param="name")
            statement = insert(users) if before is None else _of(name)
            result = await connection.execute(statement.values(values).returning(users))
            if before is not None:
                await _revoke_keys(connection, name, now)
            return read(result.mappings().one())

    async def get(self, name: str) -> User | None:
        """Return a user, disabled or not."""
        found = await self.page(None, None, 1, users.c.name == name)
        return found[0] if found else None

    async def with_password(self, name: str) -> tuple[User, str] | None:
        """Return a user and the hash of the password."""
        query = select(users).where(users.c.name == name, users.c.removed_at.is_(None))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else (read(row), row["password"])

    async def page(
        self, tenant: str | None, after: str | None, most: int, *where: ColumnElement[bool]
    ) -> Sequence[User]:
        """Return users of a tenant, or of all, in the order of their names, behind `after`."""
        query = select(users).where(users.c.removed_at.is_(None), *where)
        if tenant is not None:
            query = query.where(users.c.tenant == tenant)
        if after is not None:
            query = query.where(users.c.name > after)
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(users.c.name).limit(most))
            return [read(row) for row in rows.mappings()]

    async def change(
        self, name: str, apply: Apply, *, keep: str = "", end: str = ""
    ) -> User | None:
        """Change a user, or return `None` when there is none; no other change comes between.

        A new stamp ends all sessions but the one to `keep`; without one, `end` ends one.
        """
        async with self._database.write() as connection:
            # First, so that all who write users wait for each other, and see what came before.
            version = await next_version(connection, USERS.name)
            query = select(users).where(users.c.name == name, users.c.removed_at.is_(None))
            row = (await connection.execute(query)).mappings().one_or_none()
            if row is None:
                return None
            values = apply(read(row))
            gone = sessions.c.id == end
            if "stamp" in values:
                mine = sessions.c.user == name
                gone = mine & (sessions.c.id != keep)
                await connection.execute(update(sessions).where(mine).values(stamp=values["stamp"]))
            await connection.execute(delete(sessions).where(gone))
            if "removed_at" in values:
                await _revoke_keys(connection, name, values["removed_at"])
            statement = _of(name).values(**values, version=version).returning(users)
            return read((await connection.execute(statement)).mappings().one())

    async def rehash(self, name: str, before: str, after: str) -> None:
        """Store a hash of the same password at another cost, unless it was changed meanwhile."""
        statement = _of(name).where(users.c.password == before).values(password=after)
        async with self._database.write() as connection:
            await connection.execute(statement)

    async def end_session(self, name: str, session: str, now: float, life: float) -> None:
        """End a session, with its access tokens, none of which counts longer than `life`."""

        def ended(user: User) -> Mapping[str, Any]:
            others = {
                each: moment for each, moment in user.ended_sessions.items() if moment > now - life
            }
            if len(others) >= MOST_ENDED:
                return new_stamp()
            return {"ended": others | {session: now}}

        await self.change(name, ended, end=session)


def columns_of(grants: Grants) -> dict[str, Any]:
    """Return the columns that hold what a user may do, use and take."""
    return {
        name: msgspec.to_builtins(getattr(grants, name))
        for name in ("tenant", "scopes", "models", "tools", "limits", "budgets")
    }


def new_stamp() -> dict[str, Any]:
    """Return the columns that end all sessions of a user, and all tokens."""
    return {"stamp": secrets.token_urlsafe(16), "ended": {}}


def new_password(hashed: str) -> dict[str, Any]:
    """Return the columns of a new password, which ends all sessions."""
    return {"password": hashed, **new_stamp()}


def removal(now: float) -> dict[str, Any]:
    """Return the columns of a user who is removed; the row keeps the name and nothing else."""
    nothing = {"full_name": "", "email": "", "removed_at": now, **columns_of(Grants())}
    return nothing | new_password("")


async def _revoke_keys(connection: AsyncConnection, name: str, now: float) -> None:
    """Revoke the keys that a user has made: somebody else may get the same name."""
    version = await next_version(connection, KEYS.name)
    statement = update(keys).where(keys.c.parent == PREFIX + name, keys.c.revoked_at.is_(None))
    await connection.execute(statement.values(revoked_at=now, version=version))


def _of(name: str) -> Any:
    return update(users).where(users.c.name == name)
