"""Keys in the database. Every change takes a version, by which all routers notice it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, bindparam, func, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from localai import Database
from plugins.auth.grants import Grants
from plugins.auth.keys import format
from plugins.auth.keys.record import KEYS, PREFIX, Key, read
from plugins.auth.tables import keys, next_version

Apply = Callable[[Key], Mapping[str, Any]]
"""Returns the new values of some columns; what it raises leaves the key as it was."""

TOUCHED_AT_ONCE = 500
"""Rows whose last use is written in one transaction, so that it is short."""

_TOUCH = (
    update(keys)
    .where(
        keys.c.kid == bindparam("of"),
        or_(keys.c.last_used_at.is_(None), keys.c.last_used_at < bindparam("moment")),
    )
    .values(last_used_at=bindparam("moment"))
)


class KeyStore:
    """Makes and changes keys. `pepper` is the secret that digests are made with."""

    def __init__(self, database: Database, pepper: bytes) -> None:
        self._database = database
        self._pepper = pepper

    async def create(
        self, name: str, owner: str, parent: str | None, grants: Grants, now: float
    ) -> tuple[str, Key]:
        """Add a key; return it with its text, which is stored nowhere."""
        kid, text = format.make()
        values = {
            "kid": kid,
            "digest": self._digest(text),
            "hint": format.hint(text),
            "name": name,
            "owner": owner,
            "parent": parent,
            "created_at": now,
            **columns_of(grants),
        }
        async with self._database.write() as connection:
            values["version"] = await next_version(connection, KEYS.name)
            statement = insert(keys).values(values).returning(keys)
            return text, read((await connection.execute(statement)).mappings().one())

    async def get(self, kid: str) -> Key | None:
        """Return a key, revoked or not."""
        async with self._database.read() as connection:
            found = await _find(connection, keys.c.kid == kid)
        return found[0] if found else None

    async def named(self, name: str) -> Sequence[Key]:
        """Return the keys of this name, the oldest first; at most 100."""
        async with self._database.read() as connection:
            return await _find(connection, keys.c.name == name, most=100)

    async def page(self, tenant: str | None, after: str | None, most: int) -> Sequence[Key]:
        """Return keys of a tenant, or of all, the oldest first, from behind the key `after`."""
        where = []
        if tenant is not None:
            where.append(keys.c.tenant == tenant)
        if after is not None:
            place = select(keys.c.created_at, keys.c.kid).where(keys.c.kid == after)
            where.append(tuple_(keys.c.created_at, keys.c.kid) > place.scalar_subquery())
        async with self._database.read() as connection:
            return await _find(connection, *where, most=most)

    async def change(self, kid: str, apply: Apply) -> Key | None:
        """Change a key, or return `None` when there is none; no other change comes between."""
        async with self._database.write() as connection:
            query = select(keys).where(keys.c.kid == kid).with_for_update()
            row = (await connection.execute(query)).mappings().one_or_none()
            if row is None:
                return None
            before = read(row)
            values = apply(before)
            if not values:
                return before
            version = await next_version(connection, KEYS.name)
            statement = (
                update(keys)
                .where(keys.c.kid == kid)
                .values(**values, version=version)
                .returning(keys)
            )
            return read((await connection.execute(statement)).mappings().one())

    async def rotate(
        self, kid: str, grace: float, now: float, check: Callable[[Key], None]
    ) -> tuple[str, Key] | None:
        """Give a key a new secret; the one that it has works for `grace` seconds more.

        `check` may refuse by raising. Returns the key's new text, or `None` when there is no key.
        """
        text = format.renew(kid)

        def renewed(key: Key) -> Mapping[str, Any]:
            check(key)
            return {
                "digest": self._digest(text),
                "hint": format.hint(text),
                "old_digest": key.digest,
                "old_expires_at": now + grace,
            }

        key = await self.change(kid, renewed)
        return None if key is None else (text, key)

    async def revoke_all(self, now: float) -> int:
        """End all keys that live; return how many those were."""
        async with self._database.write() as connection:
            version = await next_version(connection, KEYS.name)
            statement = update(keys).where(KEYS.lives(now)).values(revoked_at=now, version=version)
            return (await connection.execute(statement)).rowcount

    async def fallen(self, kid: str, now: float) -> int:
        """Return how many keys that live were made with this one, and with those, and so on."""
        line = select(keys.c.kid).where(keys.c.kid == kid).cte(recursive=True)
        line = line.union(select(keys.c.kid).where(keys.c.parent == PREFIX + line.c.kid))
        count = (
            select(func.count())
            .select_from(keys.join(line, keys.c.kid == line.c.kid))
            .where(keys.c.kid != kid, KEYS.lives(now))
        )
        async with self._database.read() as connection:
            return int((await connection.execute(count)).scalar_one())

    async def touch(self, used: Mapping[str, float]) -> None:
        """Write when keys were last used; what another router has written later stays."""
        # In the order of their names: two who write the same rows never wait for each other.
        moments = [{"of": kid, "moment": used[kid]} for kid in sorted(used)]
        for start in range(0, len(moments), TOUCHED_AT_ONCE):
            async with self._database.write() as connection:
                await connection.execute(_TOUCH, moments[start : start + TOUCHED_AT_ONCE])

    def _digest(self, text: str) -> bytes:
        given = format.parse(text)
        assert given is not None
        return format.digest(given.body, self._pepper)


def columns_of(grants: Grants) -> dict[str, Any]:
    """Return the columns that hold what a key may do, use and take."""
    return {
        "tenant": grants.tenant,
        "scopes": list(grants.scopes),
        "models": _plain(grants.models),
        "tools": _plain(grants.tools),
        "limits": _plain(grants.limits),
        "budgets": _plain(grants.budgets),
        "expires_at": grants.expires_at,
        "forwards_users": grants.forwards_users,
    }


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)


async def _find(
    connection: AsyncConnection, *where: ColumnElement[bool], most: int = 1
) -> Sequence[Key]:
    query = select(keys).where(*where).order_by(keys.c.created_at, keys.c.kid).limit(most)
    return [read(row) for row in (await connection.execute(query)).mappings()]
