"""Passwords and refresh tokens against access tokens."""

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from localai import InvalidRequest, Principal, RateLimited, Unauthenticated, Unavailable
from plugins.auth.grants import Grants
from plugins.auth.tokens.compact import take_apart
from plugins.auth.tokens.errors import InvalidScope, InvalidToken, LoginFailed, SpentTwice
from plugins.auth.tokens.logins import Tokens, scopes_now
from plugins.auth.tokens.own import Claims
from plugins.auth.tokens.passwords import Passwords
from plugins.auth.tokens.service import Service
from plugins.auth.tokens.store import removal

HERE = "192.0.2.1"
PASSWORD = "correct horse"
NEW = "battery staple"


async def anna(service: Service, *scopes: str) -> None:
    """Make a user."""
    logins = service.logins
    hashed = logins._passwords.hash(PASSWORD)
    grants = Grants(scopes=scopes or ("chat", "models:read"), models=("llama*",))
    await logins._store.create("anna", "", "", grants, hashed, time.time())
    await service.directory.read()


async def logged_in(service: Service, scope: str = "", password: str = PASSWORD) -> Tokens:
    """Log in as that user."""
    return await service.logins.log_in(HERE, "anna", password, scope)


async def caller(service: Service, tokens: Tokens) -> Principal:
    """Return who calls with an access token."""
    principal = await service.authenticate(tokens.access_token)
    assert principal is not None
    return principal


def claims(service: Service, tokens: Tokens) -> Claims:
    """Return what a token says."""
    return service.logins._own.read(take_apart(tokens.access_token))


async def test_a_password_gives_a_token(service: Service) -> None:
    """The token is for the user, with all of the user's scopes, and says when it ends."""
    await anna(service)
    tokens = await service.logins.log_in(HERE, " Anna ", PASSWORD, "")
    assert (tokens.token_type, tokens.expires_in) == ("Bearer", 1800)
    assert tokens.scope == "chat models:read"
    found = await caller(service, tokens)
    assert found.id == "user:anna"
    assert found.scopes == {"chat", "models:read"}
    assert claims(service, tokens).models == ("llama*",)
    assert repr(tokens) == "Tokens(scope='chat models:read')"


@pytest.mark.parametrize(
    ("name", "password"),
    [("anna", "wrong"), ("anna", ""), ("ben", PASSWORD), ("", ""), ("an\x00na", PASSWORD)],
)
async def test_a_wrong_name_or_password_is_refused_alike(
    service: Service, name: str, password: str
) -> None:
    """Nothing tells which of them was wrong, and neither is in the log."""
    await anna(service)
    with capture_logs() as entries, pytest.raises(LoginFailed) as caught:
        await service.logins.log_in(HERE, name, password, "*")
    assert str(caught.value) == "the name or the password is wrong"
    assert entries == [{"event": "login failed", "log_level": "warning", "address": HERE}]


async def test_who_is_disabled_is_told_so_after_the_right_password_only(service: Service) -> None:
    """A lock can't be found out without the password; and it holds."""
    await anna(service)
    await service.logins._store.change("anna", lambda _: {"disabled_at": 1.0})
    with pytest.raises(LoginFailed, match="is disabled"):
        await logged_in(service)
    with pytest.raises(LoginFailed, match="the name or the password"):
        await logged_in(service, password="wrong")


async def test_a_login_may_ask_for_less(service: Service) -> None:
    """The token then has less, also after a refresh; more than the user has is refused."""
    await anna(service, "chat", "admin:*")
    tokens = await logged_in(service, "admin:keys  chat")
    assert tokens.scope == "admin:keys chat"
    found = await caller(service, tokens)
    assert found.may("admin:keys")
    assert not found.may("admin:users")
    assert isinstance(tokens.refresh_token, str)
    less = await service.logins.refresh(tokens.refresh_token, "chat")
    assert less.scope == "chat"
    assert isinstance(less.refresh_token, str)
    same = await service.logins.refresh(less.refresh_token, "")
    assert same.scope == "admin:keys chat"
    for scope in ("usage:read", "*", "chat usage:read"):
        with pytest.raises(InvalidScope, match="more than you have"):
            await logged_in(service, scope)
    assert isinstance(same.refresh_token, str)
    with pytest.raises(InvalidScope):
        await service.logins.refresh(same.refresh_token, "admin:users")
    assert await service.logins.refresh(same.refresh_token, "chat")


async def test_a_token_has_what_the_user_still_has(service: Service) -> None:
    """Scopes and bounds that a user loses are lost at once; new ones come with the next token."""
    await anna(service)
    store = service.logins._store
    tokens, narrow = await logged_in(service), await logged_in(service, "chat")
    await store.change("anna", lambda _: {"scopes": ["chat", "usage:read"], "models": ["x"]})
    for each in (tokens, narrow):
        found = await caller(service, each)
        assert found.scopes == {"chat"}
        assert found.models == ("x",)
    await store.change("anna", lambda _: {"scopes": []})
    assert (await caller(service, tokens)).scopes == set()
    await store.change("anna", lambda _: {"scopes": ["usage:read"]})
    assert (await caller(service, narrow)).scopes == set()
    assert isinstance(narrow.refresh_token, str)
    assert (await service.logins.refresh(narrow.refresh_token, "")).scope == ""


SCOPES = st.frozensets(
    st.sampled_from(["chat", "usage:read", "admin:keys", "admin:users", "admin:*", "*"])
)
ANY = st.sampled_from(["chat", "usage:read", "admin:keys", "admin:users", "other"])


@given(SCOPES, SCOPES, ANY)
def test_a_token_may_what_both_may(held: frozenset[str], asked: frozenset[str], scope: str) -> None:
    """Of wildcards too: what comes out is what the user has and the token asked for, no more."""
    user = Principal(id="user:anna", scopes=held)
    both = scopes_now(user, " ".join(asked))
    assert both.may(scope) == (user.may(scope) and Principal(id="", scopes=asked).may(scope))
    assert scopes_now(user, None) is user


async def test_logging_out_ends_the_token_at_once(service: Service) -> None:
    """Neither the access token nor the refresh token counts; other sessions go on."""
    await anna(service)
    tokens, other = await logged_in(service), await logged_in(service)
    await service.logins.log_out(claims(service, tokens))
    with pytest.raises(InvalidToken, match="counts no longer: log in again"):
        await caller(service, tokens)
    assert isinstance(tokens.refresh_token, str)
    with pytest.raises(LoginFailed):
        await service.logins.refresh(tokens.refresh_token, "")
    assert await caller(service, other)


async def test_a_spent_refresh_token_ends_the_access_tokens_too(service: Service) -> None:
    """Whoever has stolen it has nothing from then on."""
    await anna(service)
    tokens = await logged_in(service)
    assert isinstance(tokens.refresh_token, str)
    stolen = await service.logins.refresh(tokens.refresh_token, "")
    assert await caller(service, stolen)
    with pytest.raises(SpentTwice):
        await service.logins.refresh(tokens.refresh_token, "")
    for each in (tokens, stolen):
        with pytest.raises(InvalidToken):
            await caller(service, each)


async def test_a_new_password_ends_the_other_sessions(service: Service) -> None:
    """The session at hand goes on with a new token; all other tokens end, and the old password."""
    await anna(service)
    tokens, other = await logged_in(service, "chat"), await logged_in(service)
    mine = claims(service, tokens)
    made = await service.logins.change_password(HERE, mine, PASSWORD, NEW)
    assert (await caller(service, made)).scopes == {"chat"}
    assert claims(service, made).sid == mine.sid
    for each in (tokens, other):
        with pytest.raises(InvalidToken):
            await caller(service, each)
    assert isinstance(other.refresh_token, str)
    with pytest.raises(LoginFailed):
        await service.logins.refresh(other.refresh_token, "")
    assert isinstance(tokens.refresh_token, str)
    assert (await service.logins.refresh(tokens.refresh_token, "")).scope == "chat"
    with pytest.raises(LoginFailed):
        await logged_in(service)
    assert await logged_in(service, password=NEW)


async def test_a_password_is_changed_by_who_knows_it(service: Service) -> None:
    """A token alone does not suffice, and a bad new password changes nothing."""
    await anna(service)
    mine = claims(service, await logged_in(service))
    with pytest.raises(LoginFailed):
        await service.logins.change_password(HERE, mine, "wrong", NEW)
    with pytest.raises(InvalidRequest, match="8 to 1024"):
        await service.logins.change_password(HERE, mine, PASSWORD, "short")
    assert await logged_in(service)


async def test_a_session_that_has_ended_changes_no_password(service: Service) -> None:
    """Who logged out a moment ago gets no new token by it."""
    await anna(service)
    mine = claims(service, await logged_in(service))
    await service.logins.log_out(mine)
    with pytest.raises(InvalidToken):
        await service.logins.change_password(HERE, mine, PASSWORD, NEW)
    assert await logged_in(service)


async def test_two_who_change_a_password_at_once_do_not_mix(service: Service) -> None:
    """One wins; the other's session is over, or its old password is wrong by then."""
    await anna(service)
    sessions = [claims(service, await logged_in(service)) for _ in range(2)]
    found = await asyncio.gather(
        *(
            service.logins.change_password(HERE, mine, PASSWORD, f"{NEW} {number}")
            for number, mine in enumerate(sessions)
        ),
        return_exceptions=True,
    )
    assert sum(isinstance(each, Tokens) for each in found) == 1
    assert sum(isinstance(each, Unauthenticated) for each in found) == 1


async def test_who_is_removed_is_out_at_once(service: Service) -> None:
    """No token counts, and a new user of the same name is somebody else."""
    await anna(service)
    tokens = await logged_in(service)
    await service.logins._store.change("anna", lambda _: removal(time.time()))
    with pytest.raises(InvalidToken):
        await caller(service, tokens)
    await anna(service)
    with pytest.raises(InvalidToken):
        await caller(service, tokens)


async def test_passwords_are_not_tried_without_end(service: Service) -> None:
    """After ten tries the next is refused before any work is done, for unknown users too."""
    await anna(service)
    work = []

    async def counted(*arguments: object) -> bool:
        # No hash is computed: on a slow machine twenty take so long that another try is due.
        work.append(arguments[1])
        return False

    service.logins._pool.run = counted  # type: ignore[method-assign, assignment]
    for name in ("anna", "nobody"):
        work.clear()
        for _ in range(10):
            with pytest.raises(LoginFailed):
                await service.logins.log_in(HERE, name, "wrong", "")
        with pytest.raises(RateLimited):
            await service.logins.log_in(HERE, name, PASSWORD, "")
        assert len(work) == 10


async def test_an_old_hash_is_made_anew(service: Service) -> None:
    """At the next login after the cost was raised; when there is no time for it, later."""
    await anna(service)
    store = service.logins._store
    cheap = await store.with_password("anna")
    assert cheap is not None
    dearer = service.logins._passwords = Passwords(service.logins._passwords.cost._replace(time=3))
    tokens = await logged_in(service)
    stored = await store.with_password("anna")
    assert stored is not None
    assert cheap[1] != stored[1]
    assert not dearer.is_outdated(stored[1])
    assert await logged_in(service)
    assert await caller(service, tokens)


async def test_a_full_queue_does_not_spoil_a_login(service: Service) -> None:
    """A hash that can't be made anew now stays as it is."""
    await anna(service)
    run, logins = service.logins._pool.run, service.logins

    async def busy(work: object, *arguments: object) -> object:
        if work == logins._passwords.hash:
            raise Unavailable("too much")
        return await run(work, *arguments)  # type: ignore[arg-type]

    logins._passwords = Passwords(logins._passwords.cost._replace(time=3))
    logins._pool.run = busy  # type: ignore[method-assign, assignment]
    assert await logged_in(service)
