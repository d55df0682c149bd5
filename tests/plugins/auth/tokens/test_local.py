"""Users for the command line, without a router."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from localai import InvalidRequest, NotFound
from plugins.auth.tokens import local
from plugins.auth.tokens.cost import Cost
from plugins.auth.tokens.forms import Create
from plugins.auth.tokens.local import LocalUsers, opened

PASSWORD = "correct horse"


@pytest.fixture
async def users(tmp_path: Path) -> AsyncIterator[LocalUsers]:
    """The users of an empty database."""
    file = tmp_path / "localai.toml"
    file.write_text("")
    async with opened(file, Cost()) as made:
        yield made


async def test_the_first_user_has_whatever_is_asked_for(users: LocalUsers) -> None:
    """Nobody bounds who sits at the machine, and the door closes with the first user."""
    assert await users.is_unclaimed()
    user = await users.create(Create(name="Anna", password=PASSWORD, scopes=("*",), tenant="lab"))
    assert (user.name, user.scopes, user.tenant) == ("anna", ("*",), "lab")
    assert not await users.is_unclaimed()
    with pytest.raises(InvalidRequest, match="there is a user 'anna' already"):
        await users.create(Create(name="anna", password=PASSWORD))
    with pytest.raises(InvalidRequest, match="8 to 1024"):
        await users.create(Create(name="ben", password="short"))


async def test_users_are_found_and_changed_by_name(
    users: LocalUsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are listed, over pages; a change of one ends its tokens."""
    monkeypatch.setattr(local, "PAGE", 2)
    for name in ("c", "a", "b"):
        await users.create(Create(name=name, password=PASSWORD))
    assert [user.name for user in await users.all()] == ["a", "b", "c"]
    before = await users.find("a")
    disabled = await users.disable("a")
    assert disabled.disabled_at is not None
    assert disabled.stamp != before.stamp
    assert (await users.disable("a")).disabled_at == disabled.disabled_at
    assert (await users.enable("a")).disabled_at is None
    assert (await users.set_password("a", "battery staple")).stamp != disabled.stamp
    await users.remove("a")
    assert [user.name for user in await users.all()] == ["b", "c"]


async def test_who_is_not_there_is_named(users: LocalUsers) -> None:
    """The message says which command lists those who are."""
    for name in ("nobody", "", "a'; --"):
        for work in (users.find(name), users.enable(name), users.remove(name)):
            with pytest.raises(NotFound, match="localai users list shows all"):
                await work
