"""Who is let in by which credential."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from localai import UNCLAIMED, Unavailable
from plugins.auth.tokens.errors import InvalidToken
from plugins.auth.tokens.own import Claims
from plugins.auth.tokens.plugin import Tokens
from plugins.auth.tokens.service import Service, running
from plugins.auth.tokens.store import UserStore
from tests.plugins.auth.tokens.issuing import KeyServer, key_server
from tests.plugins.auth.tokens.support import a_user, an_issuer, signed
from tests.plugins.support import connecting
from tests.servers.databases import database_at


def token_of(service: Service, stamp: str, name: str = "anna", scope: str = "chat") -> str:
    """Sign a token of the router's own."""
    claims = Claims(sub=name, scope=scope, sid="s1", stamp=stamp)
    return service.logins._own.issue(claims, time.time() + 600).token


async def test_the_door_is_open_until_somebody_is_set_up(service: Service) -> None:
    """While there is no user, key or issuer, this plugin has nobody to know; then it has."""
    for credential in (None, "a key", "a.b.c"):
        assert await service.authenticate(credential) is UNCLAIMED
    await a_user(UserStore(service.directory.database))
    assert await service.authenticate(None) is None
    assert await service.authenticate("lai_0123456789_x_y") is None
    for credential in ("a.b.c", token_of(service, "x"), token_of(service, "x", "nobody")):
        with pytest.raises(InvalidToken):
            await service.authenticate(credential)


async def test_a_token_counts_while_its_user_has_its_stamp(service: Service) -> None:
    """The directory has the last word, at each request."""
    store = UserStore(service.directory.database)
    user = await a_user(store)
    token = token_of(service, user.stamp)
    for _ in range(3):
        me = await service.authenticate(token)
        assert me is not None
        assert me.id == "user:anna"
    await store.change("anna", lambda _: {"disabled_at": 1.0})
    with pytest.raises(InvalidToken):
        await service.authenticate(token)
    await store.change("anna", lambda _: {"disabled_at": None})
    assert await service.authenticate(token)
    await store.end_session("anna", "s1", time.time(), 60)
    with pytest.raises(InvalidToken):
        await service.authenticate(token)


async def test_a_database_that_is_away_is_bridged_and_then_nobody_is_let_in(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Known users stay known for the directory's time, and then all get 503, never in."""
    user = await a_user(UserStore(service.directory.database))
    token = token_of(service, user.stamp)
    assert await service.authenticate(token)
    monkeypatch.setattr(service.directory, "_failed", True)
    assert await service.authenticate(token)
    monkeypatch.setattr(service.directory, "cache_time", -1.0)
    with pytest.raises(Unavailable):
        await service.authenticate(token)


async def test_only_own_tokens_have_a_session(service: Service) -> None:
    """A request without one, or with a key, has none to end."""
    user = await a_user(UserStore(service.directory.database))
    token = token_of(service, user.stamp)
    claims = await service.claims_of(connecting(authorization=f"Bearer {token}"))
    assert claims is not None
    assert (claims.sub, claims.sid) == ("anna", "s1")
    assert await service.claims_of(connecting()) is None
    assert await service.claims_of(connecting(x_api_key="a-key-0123456789")) is None


@pytest.fixture
async def keys() -> AsyncIterator[KeyServer]:
    """A key server."""
    async with key_server() as server:
        yield server


async def test_tokens_of_an_issuer_are_let_in(keys: KeyServer, tmp_path: Path) -> None:
    """A user of the issuer needs no account here, and is not the local user of that name."""
    database = database_at(f"sqlite:{tmp_path}/a.db", tmp_path)
    issuer = an_issuer(jwks_url=keys.url, default_scopes=("chat",))
    config = Tokens.Config(secret=tmp_path / "secret", issuers=(issuer,))
    async with running(config, database) as service:
        assert await service.authenticate(None) is None
        await a_user(UserStore(database), scopes=("*",))
        me = await service.authenticate(signed(sub="anna"))
        assert me is not None
        assert me.id == "user:corp/anna"
        assert me.scopes == {"chat"}
        assert await service.claims_of(connecting(x_api_key=signed(sub="anna"))) is None
        with pytest.raises(InvalidToken, match="not for this router"):
            await service.authenticate(signed(iss="https://other.example"))
    await database.close()


async def test_an_issuer_that_is_away_does_not_keep_the_router_down(
    keys: KeyServer, tmp_path: Path
) -> None:
    """The start waits for nobody; its users get 503 until it is back, all others are served."""
    database = database_at(f"sqlite:{tmp_path}/a.db", tmp_path)

    async def hang(request: object) -> None:
        await asyncio.Event().wait()

    keys.answer = hang
    issuer = an_issuer(jwks_url=keys.url)
    config = Tokens.Config(secret=tmp_path / "secret", issuers=(issuer,))
    async with asyncio.timeout(4):
        async with running(config, database) as service:
            user = await a_user(UserStore(database))
            assert await service.authenticate(token_of(service, user.stamp))
            waiting = asyncio.ensure_future(service.authenticate(signed()))
            await keys.was_asked(1)
            assert await service.authenticate(token_of(service, user.stamp))
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
    await database.close()


async def test_a_secret_that_changed_ends_all_tokens(tmp_path: Path) -> None:
    """With another file nobody is let in by an old token; with the same file everybody is."""
    database = database_at(f"sqlite:{tmp_path}/a.db", tmp_path)
    token = ""
    for name, counts in (("one", True), ("one", True), ("two", False)):
        config = Tokens.Config(secret=tmp_path / name)
        with capture_logs():
            async with running(config, database) as service:
                if not token:
                    token = token_of(service, (await a_user(UserStore(database))).stamp)
                if counts:
                    assert await service.authenticate(token)
                else:
                    with pytest.raises(InvalidToken, match="could not be verified"):
                        await service.authenticate(token)
    await database.close()
