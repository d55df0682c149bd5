"""Keys of the database, as callers send them."""

import asyncio
import hmac
import time
from collections.abc import AsyncIterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from core.config import parse
from core.loader import load
from localai import (
    UNCLAIMED,
    Connection,
    Database,
    Duration,
    Limits,
    SettingsError,
    Unauthenticated,
    Unavailable,
)
from plugins.auth.grants import Grants
from plugins.auth.keys import format
from plugins.auth.keys.plugin import MALFORMED, UNKNOWN, Keys
from plugins.auth.keys.store import KeyStore
from tests.plugins.auth.keys.support import CHAT, issue, revoke, running
from tests.plugins.support import connecting
from tests.servers.databases import database_at
from tests.servers.postgres import Postgres


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A file with no keys."""
    database = database_at(f"sqlite:{tmp_path}/data/localai.db", tmp_path)
    yield database
    await database.close()


@pytest.fixture
async def keys(database: Database) -> AsyncIterator[Keys]:
    """The plugin, running."""
    async with running(database) as plugin:
        yield plugin


async def make(plugin: Keys, grants: Grants = CHAT, **more: Any) -> str:
    """Make a key and have it known; return its text."""
    text, _ = await issue(plugin._service._store, "me", grants, **more)
    await plugin._directory.read()
    return text


def bearing(key: str, **headers: str) -> Connection:
    """Return a request with a key, from another machine."""
    return connecting("192.0.2.1", authorization=f"Bearer {key}", **headers)


async def test_every_way_to_send_a_key_goes_through_one_check(keys: Keys) -> None:
    """A key is found in each of the three headers, and two different ones are refused."""
    text = await make(keys)
    other = await make(keys)
    for headers in (
        {"authorization": f"Bearer {text}"},
        {"x_api_key": text},
        {"api_key": text},
        {"authorization": f"bearer {text}", "x_api_key": text, "api_key": text},
    ):
        principal = await keys.authenticate(connecting("192.0.2.1", **headers))
        assert principal is not None
        assert principal.id == f"key:{text[4:14]}"
    with pytest.raises(Unauthenticated, match="two different keys"):
        await keys.authenticate(bearing(text, x_api_key=other))


async def test_the_principal_is_worked_out_once(keys: Keys) -> None:
    """Two requests with a key get the same principal, with all that the key has been given."""
    grants = Grants(tenant="team", scopes=("chat",), limits=Limits(concurrent=1))
    text = await make(keys, grants)
    first = await keys.authenticate(bearing(text))
    assert first is not None
    assert (first.tenant, first.limits) == ("team", Limits(concurrent=1))
    assert await keys.authenticate(bearing(text)) is first


async def test_until_the_first_key_the_door_is_open(keys: Keys) -> None:
    """Without any key the plugin says so; after the first, revoked or not, others are to judge."""
    assert await keys.authenticate(connecting()) is UNCLAIMED
    assert await keys.authenticate(bearing("something-else")) is UNCLAIMED
    text = await make(keys)
    for _ in range(2):
        assert await keys.authenticate(connecting()) is None
        assert await keys.authenticate(bearing("something-else")) is None
        await revoke(keys._service._store, text[4:14])
        await keys._directory.read()


async def test_a_damaged_key_is_told_from_an_unknown_one(keys: Keys) -> None:
    """A key that was cut or changed is said to be that; a whole one that nobody made is unknown."""
    text = await make(keys)
    for damaged in (text[:-1], text + "x", text[:20] + "!" + text[21:], "lai_", text.lower()):
        with pytest.raises(Unauthenticated) as caught:
            await keys.authenticate(bearing(damaged))
        assert caught.value.message == MALFORMED
    for unknown in (format.make()[1], format.renew(text[4:14])):
        with pytest.raises(Unauthenticated) as caught:
            await keys.authenticate(bearing(unknown))
        assert caught.value.message == UNKNOWN


@pytest.fixture
async def known(keys: Keys) -> str:
    """The text of a key that works."""
    return await make(keys)


@given(st.integers(4, 64), st.sampled_from(format.BASE62 + "_-"), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_a_near_equal_key_is_refused(
    keys: Keys, known: str, place: int, character: str, fits: bool
) -> None:
    """A key that differs in one character is refused, also when its check is made to fit."""
    near = known[:place] + character + known[place + 1 :]
    if fits:
        near = f"{near[:58]}_{format._check(near[:58])}"
    if near == known:
        assert await keys.authenticate(bearing(near)) is not None
    else:
        with pytest.raises(Unauthenticated):
            await keys.authenticate(bearing(near))


async def test_an_unknown_kid_and_a_wrong_secret_are_the_same_work(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both digest once, compare as often, ask as often, and get the same answer."""
    text = await make(keys)
    rotated = await make(keys)
    await keys._service._store.rotate(rotated[4:14], 60, time.time(), lambda key: None)
    await keys._directory.read()
    work: list[str] = []
    real = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        work.append(f"compare {len(one)} {len(other)}")
        return real(one, other)

    def digest(body: str, pepper: bytes) -> bytes:
        work.append(f"digest {len(body)} {len(pepper)}")
        return blake2b(body.encode(), key=pepper, digest_size=32).digest()

    async def look() -> None:
        work.append("look")

    monkeypatch.setattr(hmac, "compare_digest", compare)
    monkeypatch.setattr(format, "digest", digest)
    monkeypatch.setattr(keys._directory, "look_again", look)
    done = []
    for wrong in (format.make()[1], format.renew(text[4:14]), format.renew(rotated[4:14])):
        with pytest.raises(Unauthenticated) as caught:
            await keys.authenticate(bearing(wrong))
        done.append(([*work], caught.value.message, caught.value.headers()))
        work.clear()
    assert done[0] == done[1] == done[2]
    assert done[0][0].count("compare 32 32") == 4


async def test_only_who_has_the_secret_is_told_how_a_key_ended(keys: Keys) -> None:
    """Revoked and expired are told apart for the right secret, and are unknown for a wrong one."""
    revoked = await make(keys)
    await revoke(keys._service._store, revoked[4:14])
    expired = await make(keys, Grants(scopes=("chat",), expires_at=time.time() - 1))
    for text, reason in ((revoked, "this key was revoked"), (expired, "this key expired on 2")):
        with pytest.raises(Unauthenticated, match=reason):
            await keys.authenticate(bearing(text))
        with pytest.raises(Unauthenticated) as caught:
            await keys.authenticate(bearing(format.renew(text[4:14])))
        assert caught.value.message == UNKNOWN


async def test_another_processs_revocation_counts_at_once(
    keys: Keys, database: Database, tmp_path: Path
) -> None:
    """A key that the command line makes works with the next request, and one that it revokes does
    not."""
    elsewhere = database_at(f"sqlite:{tmp_path}/data/localai.db", tmp_path)
    store = KeyStore(elsewhere, keys._pepper)
    text, key = await issue(store)
    assert await keys.authenticate(bearing(text)) is not None
    await revoke(store, key.kid)
    keys._directory._looked_at = 0.0  # it looks once a millisecond
    with pytest.raises(Unauthenticated, match="revoked"):
        await keys.authenticate(bearing(text))
    await elsewhere.close()


async def test_a_rotated_key_works_with_both_secrets(keys: Keys) -> None:
    """Nobody is locked out while a new secret is brought to all places."""
    old = await make(keys)
    found = await keys._service._store.rotate(old[4:14], 60, time.time(), lambda key: None)
    assert found is not None
    await keys._directory.read()
    for text in (old, found[0]):
        assert await keys.authenticate(bearing(text)) is not None


async def test_users_are_believed_from_keys_that_may_name_them(keys: Keys) -> None:
    """Open WebUI's headers name the user for its own key, and mean nothing with any other."""
    trusted = await make(keys, Grants(scopes=("chat",), forwards_users=True))
    other = await make(keys)
    headers = {"x_openwebui_user_email": "anna@example.org"}
    named = await keys.authenticate(bearing(trusted, **headers))
    assert named is not None
    assert (named.user, named.id) == ("anna@example.org", f"key:{trusted[4:14]}")
    for text, more in ((trusted, {}), (other, headers)):
        principal = await keys.authenticate(bearing(text, **more))
        assert principal is not None
        assert principal.user == ""


async def test_the_last_use_is_noted(database: Database) -> None:
    """What a request notes is in the database when the router has stopped; a refusal is no use."""
    async with running(database) as keys:
        text, refused = await make(keys), await make(keys)
        await keys.authenticate(bearing(text))
        with pytest.raises(Unauthenticated):
            await keys.authenticate(bearing(format.renew(refused[4:14])))
        store = keys._service._store
    used, unused = await store.get(text[4:14]), await store.get(refused[4:14])
    assert used is not None
    assert unused is not None
    assert used.last_used_at is not None
    assert abs(used.last_used_at - time.time()) < 60
    assert unused.last_used_at is None


async def test_a_database_that_is_away_never_opens_the_door(
    postgres: Postgres, tmp_path: Path
) -> None:
    """Known keys work for the cache time, then there is a 503; unknown ones are refused all along,
    and callers without a key are let in at no time."""
    database = database_at(postgres.url(), tmp_path)
    async with running(database, refresh=Duration(0.1)) as keys:
        assert await keys.authenticate(connecting()) is UNCLAIMED
        text = await make(keys)
        postgres.stop()
        for _ in range(3):
            await asyncio.sleep(0.15)  # it finds out by itself that nobody answers
            assert await keys.authenticate(bearing(text)) is not None
            with pytest.raises(Unauthenticated):
                await keys.authenticate(bearing(format.make()[1]))
            assert await keys.authenticate(connecting()) is None
        assert (await keys.health())["records"] == 1
        keys._directory._read_at -= 300
        for key in (text, format.make()[1]):
            with pytest.raises(Unavailable):
                await keys.authenticate(bearing(key))
        assert await keys.authenticate(connecting()) is None
        with pytest.raises(Unavailable):
            await keys.health()
        postgres.start()
    await database.close()


async def test_what_is_not_a_key_is_for_others_to_judge(postgres: Postgres, tmp_path: Path) -> None:
    """While nobody is set up and the database is away, another plugin may know a token that is no
    key; without one there is a 503, as somebody may have been set up."""
    database = database_at(postgres.url(), tmp_path)
    async with running(database) as keys:
        postgres.stop()
        assert await keys.authenticate(bearing("a.token.of-an-issuer")) is None
        with pytest.raises(Unavailable):
            await keys.authenticate(connecting())
    await database.close()


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("refresh = '10ms'", "refresh: expected 0.1 s or more"),
        ("refresh = '5s'\ncache_time = '4s'", "cache_time: expected no less than refresh"),
        ("pepper = 1", "pepper: expected"),
        ("peper = 'x'", "did you mean 'pepper'?"),
    ],
)
def test_a_mistake_in_the_file_is_said(tmp_path: Path, toml: str, message: str) -> None:
    """Settings that make no sense are refused at load, with their place."""
    text = f'[chain]\nplugins = ["auth.keys"]\n[plugins.auth.keys]\n{toml}\n'
    with pytest.raises(SettingsError) as caught:
        load(parse(text, tmp_path / "localai.toml"))
    assert message in str(caught.value)
    assert "[plugins.auth.keys]" in str(caught.value)


async def test_nothing_of_a_secret_is_logged_or_shown(keys: Keys) -> None:
    """Neither good nor bad keys are in the log, in an error, or in what the plugin holds."""
    with capture_logs() as entries:
        text = await make(keys)
        wrong = format.renew(text[4:14])
        await keys.authenticate(bearing(text))
        messages = []
        for bad in (wrong, wrong[:-1]):
            with pytest.raises(Unauthenticated) as caught:
                await keys.authenticate(bearing(bad))
            messages.append(f"{caught.value!r} {caught.value.headers()}")
    shown = f"{entries} {messages} {vars(keys)} {vars(keys._directory)}"
    for key in (text, wrong):
        assert key[15:58] not in shown
