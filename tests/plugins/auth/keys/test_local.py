"""Keys of a settings file, without a router."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from localai import InvalidRequest, NotFound, SettingsError
from plugins.auth.keys.forms import Create
from plugins.auth.keys.local import LocalKeys, opened
from tests.plugins.auth.keys.support import issue, revoke

PEPPER = Path("data/keys.pepper")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A settings file with nothing in it."""
    file = tmp_path / "localai.toml"
    file.touch()
    return file


@pytest.fixture
async def keys(file: Path) -> AsyncIterator[LocalKeys]:
    """Its keys: none yet."""
    async with opened(file, PEPPER) as keys:
        yield keys


async def test_everything_is_made_beside_the_file(file: Path, keys: LocalKeys) -> None:
    """The database and the secret lie in `data/`, and are used again."""
    assert await keys.is_unclaimed()
    _, key = await keys.create(Create(name="me"))
    assert (key.parent, key.tenant) == (None, "default")
    assert {each.name for each in (file.parent / "data").iterdir()} >= {"localai.db", "keys.pepper"}
    async with opened(file) as again:
        assert not await again.is_unclaimed()
        assert [each.kid for each in await again.all()] == [key.kid]


async def test_a_key_is_found_by_what_one_has_of_it(keys: LocalKeys) -> None:
    """A kid, a whole key and a name all find it; of several of a name, the one that lives."""
    text, key = await keys.create(Create(name="me"))
    for what in (key.kid, text, "me"):
        assert (await keys.find(what)).kid == key.kid
    await revoke(keys.store, key.kid)
    assert (await keys.find("me")).kid == key.kid
    _, second = await keys.create(Create(name="me"))
    assert (await keys.find("me")).kid == second.kid
    _, third = await keys.create(Create(name="me"))
    with pytest.raises(NotFound, match="2 keys are named 'me'") as caught:
        await keys.find("me")
    assert second.kid in caught.value.message
    assert third.kid in caught.value.message
    _, odd = await keys.create(Create(name="1234567890"))
    assert (await keys.find("1234567890")).kid == odd.kid


async def test_what_is_not_found_is_not_repeated(keys: LocalKeys) -> None:
    """A key that was cut is not printed again, as whatever is printed may be kept."""
    text, _ = await keys.create(Create(name="me"))
    with pytest.raises(NotFound) as caught:
        await keys.find(text[:-1])
    assert text[15:50] not in caught.value.message
    with pytest.raises(NotFound, match="there is no key 'you'"):
        await keys.find("you")


async def test_more_keys_than_a_page_are_listed(
    keys: LocalKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All keys are listed, however many they are."""
    monkeypatch.setattr("plugins.auth.keys.local.PAGE", 2)
    made = [key.kid for _, key in [await issue(keys.store) for _ in range(5)]]
    assert sorted(key.kid for key in await keys.all()) == sorted(made)


async def test_keys_end_with_those_that_were_made_with_them(keys: LocalKeys) -> None:
    """Revoking says how many fall too, and all of them can be revoked at once."""
    _, key = await keys.create(Create(name="me"))
    _, child = await issue(keys.store, parent=key.id)
    await issue(keys.store, parent=child.id)
    assert await keys.revoke(key) == 2
    first = await keys.find(key.kid)
    assert await keys.revoke(first) == 2
    assert (await keys.find(key.kid)).revoked_at == first.revoked_at
    assert await keys.store.revoke_all(time.time()) == 2
    assert await keys.store.revoke_all(time.time()) == 0


async def test_only_a_key_that_lives_is_rotated(keys: LocalKeys) -> None:
    """A revoked key can't be brought back by a new secret."""
    text, key = await keys.create(Create(name="me"))
    renewed, after = await keys.rotate(key, 0)
    assert renewed != text
    assert after.kid == key.kid
    await revoke(keys.store, key.kid)
    with pytest.raises(NotFound, match="was revoked: make a new one"):
        await keys.rotate(key, 0)


async def test_what_is_malformed_is_refused(keys: LocalKeys) -> None:
    """The same grammars hold as over HTTP."""
    for form in (Create(name=""), Create(name="a", owner="b c"), Create(name="a", tenant=" ")):
        with pytest.raises(InvalidRequest):
            await keys.create(form)
    assert await keys.all() == []


async def test_another_secret_is_refused(file: Path, keys: LocalKeys) -> None:
    """With a lost secret no key can be made, but all can be revoked, and then one can."""
    await keys.create(Create(name="me"))
    (file.parent / PEPPER).unlink()
    with pytest.raises(SettingsError, match="revoke --all"):
        async with opened(file, PEPPER):
            raise AssertionError
    async with opened(file) as without:
        assert await without.store.revoke_all(time.time()) == 1
    async with opened(file, PEPPER) as again:
        await again.create(Create(name="me"))
