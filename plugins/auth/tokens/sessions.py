"""Sessions of those who have logged in: each has one refresh token, which is new at every use."""

import hmac
from collections.abc import Callable
from typing import NamedTuple

import structlog
from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from localai import Database
from plugins.auth.tables import sessions, users
from plugins.auth.tokens.errors import LoginFailed, SpentTwice
from plugins.auth.tokens.refresh import Given, RefreshTokens, new_session
from plugins.auth.tokens.store import UserStore
from plugins.auth.tokens.user import User, read

log = structlog.get_logger("tokens")

MOST = 50
"""Sessions of one user; a login above that ends the oldest."""
SPENT = "this refresh token counts no longer: log in again"


Check = Callable[[User, str | None], object]
"""Raises what is wrong with a session of this user and scope."""


class Session(NamedTuple):
    """A session of a user, and the refresh token that counts now."""

    id: str
    user: User
    scope: str | None
    """The scopes that the login asked for; `None` for all that the user has."""
    expires_at: float
    refresh_token: str

    def __repr__(self) -> str:
        return f"Session({self.id})"


def _accept(user: User, scope: str | None) -> None:
    """Find nothing wrong."""


class Sessions:
    """Begins, renews and ends sessions."""

    def __init__(
        self, database: Database, store: UserStore, tokens: RefreshTokens, life: float
    ) -> None:
        self._database = database
        self._store = store
        self._tokens = tokens
        self._life = life

    async def begin(self, user: User, scope: str | None, now: float) -> Session:
        """Begin a session; raise `LoginFailed` when the user has changed since the check."""
        id = new_session()
        text, digest = self._tokens.make(id)
        session = Session(id, user, scope, now + self._life, text)
        async with self._database.write() as connection:
            if await _user(connection, user.name, user.stamp) is None:
                raise LoginFailed
            await _make_room(connection, user.name, now)
            values = {
                "id": id,
                "user": user.name,
                "stamp": user.stamp,
                "digest": digest,
                "scope": scope,
                "created_at": now,
                "used_at": now,
                "expires_at": session.expires_at,
            }
            await connection.execute(insert(sessions).values(values))
        return session

    async def renew(self, text: str, now: float, life: float, check: Check = _accept) -> Session:
        """Take a refresh token and give the next one; raise `LoginFailed`, or `SpentTwice`.

        What `check` raises leaves the token as it is.

        One that was used before has been stolen, or its successor has: nobody can tell by whom, so
        the session ends (RFC 9700 §4.14.2), with access tokens that count for up to `life`.
        """
        given = self._tokens.parse(text)
        if given is None:
            raise LoginFailed(SPENT)
        next_text, digest = self._tokens.make(given.session)
        async with self._database.write() as connection:
            row = await _swap(connection, given, digest, now)
            user = None if row is None else await _user(connection, row["user"], row["stamp"])
            owner = None if row is not None else await _owner(connection, given)
            if row is not None and user is not None:
                check(user, row["scope"])
        if owner is not None:
            log.warning("a refresh token came twice, its session ends", user=owner)
            await self._store.end_session(owner, given.session, now, life)
            raise SpentTwice(SPENT)
        if row is None or user is None:
            raise LoginFailed(SPENT)
        return Session(given.session, user, row["scope"], row["expires_at"], next_text)


async def _swap(
    connection: AsyncConnection, given: Given, digest: bytes, now: float
) -> RowMapping | None:
    """Replace the digest by the next one; of two who try at once, one succeeds."""
    statement = (
        update(sessions)
        .where(
            sessions.c.id == given.session,
            sessions.c.digest == given.digest,
            sessions.c.expires_at > now,
        )
        .values(digest=digest, used_at=now)
        .returning(sessions)
    )
    found: RowMapping | None = (await connection.execute(statement)).mappings().one_or_none()
    return found


async def _owner(connection: AsyncConnection, given: Given) -> str | None:
    """Return whose session lives, though this token of it was spent."""
    query = select(sessions.c.user, sessions.c.digest).where(sessions.c.id == given.session)
    row = (await connection.execute(query)).one_or_none()
    if row is None or hmac.compare_digest(bytes(row.digest), given.digest):
        return None  # it is over, by its end or by its age
    owner: str = row.user
    return owner


async def _user(connection: AsyncConnection, name: str, stamp: str) -> User | None:
    query = select(users).where(
        users.c.name == name,
        users.c.stamp == stamp,
        users.c.disabled_at.is_(None),
        users.c.removed_at.is_(None),
    )
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else read(row)


async def _make_room(connection: AsyncConnection, user: str, now: float) -> None:
    """Forget sessions that are over, and the user's oldest ones above the bound."""
    await connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
    latest = select(sessions.c.id).where(sessions.c.user == user)
    above = latest.order_by(sessions.c.created_at.desc()).limit(MOST).offset(MOST - 1)
    await connection.execute(delete(sessions).where(sessions.c.id.in_(above)))
