"""All keys in memory, while the database does not answer."""

import time
from pathlib import Path

import pytest

from localai import SettingsError, Unavailable
from plugins.auth import directory as module
from plugins.auth.directory import directory_of
from tests.plugins.auth.directories import at, following, stands, until
from tests.plugins.auth.keys.support import issue, revoke
from tests.servers.postgres import Postgres


async def test_a_database_that_is_away_is_bridged_and_no_longer(
    postgres: Postgres, tmp_path: Path
) -> None:
    """Known keys work on while the database is away; after the cache time everybody gets a 503,
    and when it is back all is as before."""
    async with (
        at(postgres.url(), tmp_path) as database,
        following(database, refresh=0.05) as (directory, store),
    ):
        _, key = await issue(store)
        await directory.read()
        postgres.stop()
        await until(lambda: directory.age > 0.3)
        directory.check_age()
        assert stands(directory, key.id)
        begun = time.monotonic()
        for _ in range(100):
            await directory.look_again()
        assert time.monotonic() - begun < 5
        directory.cache_time = 0.3
        with pytest.raises(Unavailable, match="try again") as caught:
            directory.check_age()
        assert caught.value.retry_after
        postgres.start()
        await until(lambda: directory.age < 0.3)
        directory.check_age()
        await revoke(store, key.kid)
        await until(lambda: not stands(directory, key.id))


async def test_a_database_that_hangs_holds_nobody_up(postgres: Postgres, tmp_path: Path) -> None:
    """While the database takes connections and answers nothing, one request waits half a second,
    and all others not at all."""
    async with (
        at(postgres.url(), tmp_path) as database,
        following(database) as (directory, _),
    ):
        postgres.pause()
        begun = time.monotonic()
        await directory.look_again()
        assert time.monotonic() - begun < module.PATIENCE + 2
        begun = time.monotonic()
        for _ in range(100):
            await directory.look_again()
        assert time.monotonic() - begun < 5
        postgres.resume()


async def test_an_open_door_is_not_bridged(postgres: Postgres, tmp_path: Path) -> None:
    """While nobody is set up and the database is away, the door is shut: somebody may have been."""
    async with (
        at(postgres.url(), tmp_path) as database,
        following(database) as (directory, _),
    ):
        assert await directory.is_unclaimed()
        postgres.stop()
        with pytest.raises(Unavailable):
            await directory.is_unclaimed()


async def test_without_a_database_nothing_starts(postgres: Postgres, tmp_path: Path) -> None:
    """The start fails with a message that says where to look, and leaves nothing behind."""
    async with at(postgres.url(), tmp_path) as database:
        postgres.stop()
        with pytest.raises(SettingsError, match=r"\[database\] url says where it is"):
            async with directory_of(database):
                raise AssertionError
        assert module._shared == {}
        postgres.start()
        async with directory_of(database) as directory:
            assert await directory.is_unclaimed()
