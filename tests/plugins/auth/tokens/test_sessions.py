"""Sessions and their refresh tokens, in each kind of database."""

import asyncio
import time
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from localai import Database
from plugins.auth.tables import sessions as table
from plugins.auth.tokens import sessions as sessions_module
from plugins.auth.tokens.errors import LoginFailed, SpentTwice
from plugins.auth.tokens.refresh import RefreshTokens
from plugins.auth.tokens.sessions import Sessions
from plugins.auth.tokens.store import UserStore, new_stamp, removal
from plugins.auth.tokens.user import User
from tests.plugins.auth.tokens.support import ON_SQLITE, a_user

NOW = time.time()
LIFE = 1000.0
TOKENS = RefreshTokens(bytes(32))


@pytest.fixture
def sessions(database: Database, store: UserStore) -> Sessions:
    """Sessions that live a thousand seconds."""
    return Sessions(database, store, TOKENS, LIFE)


async def count(database: Database) -> int:
    """Return how many sessions there are."""
    async with database.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


async def refreshed(sessions: Sessions, text: str, now: float = NOW) -> Any:
    """Use a refresh token."""
    return await sessions.renew(text, now, 60)


async def test_each_token_is_used_once_for_the_next(sessions: Sessions, store: UserStore) -> None:
    """A session goes on by ever new tokens, with what the user has at that time."""
    session = await sessions.begin(await a_user(store), "chat", NOW)
    texts = {session.refresh_token}
    for scope in ("a", "b", "c"):
        await store.change("anna", partial(_changed, {"scopes": [scope]}))
        renewed = await refreshed(sessions, session.refresh_token)
        assert (renewed.id, renewed.scope) == (session.id, "chat")
        assert renewed.expires_at == session.expires_at == NOW + LIFE
        assert renewed.user.scopes == (scope,)
        session = renewed
        texts.add(session.refresh_token)
    assert len(texts) == 4
    assert repr(session) == f"Session({session.id})"


async def test_a_token_that_comes_twice_ends_its_session(
    sessions: Sessions, store: UserStore, database: Database
) -> None:
    """Neither the spent token nor its successor counts, nor any access token of that session."""
    user = await a_user(store)
    other = await sessions.begin(user, None, NOW)
    first = await sessions.begin(user, None, NOW)
    second = await refreshed(sessions, first.refresh_token)
    with capture_logs() as entries, pytest.raises(SpentTwice):
        await refreshed(sessions, first.refresh_token)
    for text in (second.refresh_token, first.refresh_token):
        with pytest.raises(LoginFailed, match="log in again"):
            await refreshed(sessions, text)
    found = await store.get("anna")
    assert found is not None
    assert found.ended_sessions == {first.id: NOW}
    assert await refreshed(sessions, other.refresh_token)
    assert [entry["user"] for entry in entries] == ["anna"]
    assert first.refresh_token not in str(entries)


async def test_of_two_who_refresh_at_once_one_succeeds(
    sessions: Sessions, store: UserStore
) -> None:
    """A race over one token has one winner, and then the session ends, as one may be a thief."""
    session = await sessions.begin(await a_user(store), None, NOW)
    with capture_logs():
        found = await asyncio.gather(
            *(refreshed(sessions, session.refresh_token) for _ in range(5)), return_exceptions=True
        )
    won = [each for each in found if not isinstance(each, BaseException)]
    assert len(won) == 1
    assert all(isinstance(each, LoginFailed) for each in found if each is not won[0])
    with pytest.raises(LoginFailed):
        await refreshed(sessions, won[0].refresh_token)


@ON_SQLITE
async def test_an_invented_token_ends_nothing(sessions: Sessions, store: UserStore) -> None:
    """Who knows a session's id but not the router's secret can't harm it."""
    session = await sessions.begin(await a_user(store), None, NOW)
    invented, _ = RefreshTokens(bytes([1] * 32)).make(session.id)
    unknown, _ = TOKENS.make("x" * 22)
    for text in (invented, unknown, "", session.refresh_token[:-1], "lar_' OR 1=1 --"):
        with pytest.raises(LoginFailed):
            await refreshed(sessions, text)
    assert await refreshed(sessions, session.refresh_token)


async def test_a_session_ends_by_its_age(
    sessions: Sessions, store: UserStore, database: Database
) -> None:
    """However often it is refreshed; and it is forgotten at the next login of anybody."""
    session = await sessions.begin(await a_user(store), None, NOW)
    session = await refreshed(sessions, session.refresh_token, NOW + LIFE - 1)
    with pytest.raises(LoginFailed):
        await refreshed(sessions, session.refresh_token, NOW + LIFE)
    assert await count(database) == 1
    await sessions.begin(await a_user(store, "ben"), None, NOW + LIFE)
    assert await count(database) == 1


CHANGES = [new_stamp(), {"disabled_at": 5.0}, removal(5.0), {"stamp": "other"}]


@ON_SQLITE
async def test_a_user_who_changed_has_no_session(sessions: Sessions, store: UserStore) -> None:
    """A new password, a lock or a removal ends it, also between the check and the login."""
    for number, change in enumerate(CHANGES):
        user = await a_user(store, f"user-{number}")
        session = await sessions.begin(user, None, NOW)
        await store.change(user.name, partial(_changed, change))
        with pytest.raises(LoginFailed):
            await refreshed(sessions, session.refresh_token)
        with pytest.raises(LoginFailed):
            await sessions.begin(user, None, NOW)


def _changed(values: dict[str, Any], _: User) -> dict[str, Any]:
    return values


async def test_a_user_has_so_many_sessions(
    sessions: Sessions, store: UserStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One login more ends the oldest."""
    monkeypatch.setattr(sessions_module, "MOST", 3)
    user, other = await a_user(store), await a_user(store, "ben")
    kept = await sessions.begin(other, None, NOW - 1)
    begun = [await sessions.begin(user, None, NOW + number) for number in range(5)]
    assert await count(database) == 4
    for session in begun[:2]:
        with pytest.raises(LoginFailed):
            await refreshed(sessions, session.refresh_token)
    for session in (*begun[2:], kept):
        await refreshed(sessions, session.refresh_token)


@ON_SQLITE
async def test_no_token_stands_in_the_database(
    sessions: Sessions, store: UserStore, database: Database
) -> None:
    """A copy of the database lets nobody in: it has digests, keyed by a secret elsewhere."""
    session = await sessions.begin(await a_user(store), None, NOW)
    async with database.read() as connection:
        row = (await connection.execute(select(table))).mappings().one()
    secret = session.refresh_token.split("_", 1)[1][len(session.id) + 1 :]
    assert secret not in str(dict(row))
    assert bytes(row["digest"]).hex() not in session.refresh_token
