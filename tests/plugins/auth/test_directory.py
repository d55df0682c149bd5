"""All keys in memory, as the database has them."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from localai import Database, Unauthenticated, Unavailable
from plugins.auth import directory as module
from plugins.auth.directory import directory_of
from plugins.auth.grants import Grants
from plugins.auth.keys.store import KeyStore
from tests.plugins.auth.directories import at, following, stands, until
from tests.plugins.auth.keys.support import PEPPER, issue, revoke
from tests.servers.postgres import Postgres


async def test_what_was_written_is_known_when_it_was_read(database: Database) -> None:
    """After `read` all changes count that were written before it, of makers too."""
    async with following(database) as (directory, store):
        _, key = await issue(store)
        assert directory.get(key.id) is None
        await directory.read()
        _, child = await issue(store, parent=key.id)
        await directory.read()
        assert stands(directory, key.id)
        assert stands(directory, child.id)
        assert len(directory) == 2
        await revoke(store, key.kid)
        assert stands(directory, child.id)
        await directory.read()
        assert not stands(directory, key.id)
        assert not stands(directory, child.id)


async def test_a_standing_is_kept_until_something_changes(database: Database) -> None:
    """Who a key stands for is worked out once, and again after any change or the key's end."""
    async with following(database) as (directory, store):
        now = time.time()
        _, key = await issue(store, "me", Grants(scopes=("chat",), expires_at=now + 100))
        await directory.read()
        record = directory.get(key.id)
        assert record is not None
        standing = directory.standing(record, now)
        assert directory.standing(record, now + 99) is standing
        await directory.read()
        assert directory.standing(record, now) is standing
        await issue(store)
        await directory.read()
        assert directory.standing(record, now) is not standing
        with pytest.raises(Unauthenticated, match="expired"):
            directory.standing(record, now + 100)
        assert directory.standing(record, now - 1e6).until == now + 100


async def test_the_door_is_open_until_the_first_key(database_url: str, tmp_path: Path) -> None:
    """Nobody is set up until a key is made, wherever; from then on somebody is, for ever."""
    async with (
        at(database_url, tmp_path) as here,
        at(database_url, tmp_path) as there,
        following(here) as (directory, _),
    ):
        assert await directory.is_unclaimed()
        _, key = await issue(KeyStore(there, PEPPER))
        assert not await directory.is_unclaimed()
        await revoke(KeyStore(there, PEPPER), key.kid)
        await directory.read()
        assert not await directory.is_unclaimed()
        assert directory.is_claimed


async def test_a_late_reading_does_not_close_the_door(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of usage change the file too: a busy machine may take its time to look at it."""
    async with (
        at(f"sqlite:{tmp_path}/localai.db", tmp_path) as database,
        following(database, refresh=60) as (directory, _),
    ):
        read = directory.read

        async def late() -> None:
            await asyncio.sleep(module.PATIENCE + 0.05)
            await read()

        monkeypatch.setattr(directory, "read", late)
        monkeypatch.setattr(directory, "_stamp", "another")
        assert await directory.is_unclaimed()


async def test_another_processs_change_of_a_file_is_noticed(tmp_path: Path) -> None:
    """With SQLite one look says that somebody else has written, and what they wrote counts then."""
    url = f"sqlite:{tmp_path}/localai.db"
    async with (
        at(url, tmp_path) as here,
        at(url, tmp_path) as there,
        following(here) as (directory, _),
    ):
        elsewhere = KeyStore(there, PEPPER)
        _, key = await issue(elsewhere)
        await until(directory.is_behind, seconds=1)
        await directory.catch_up()
        assert stands(directory, key.id)
        await revoke(elsewhere, key.kid)
        await until(directory.is_behind, seconds=1)
        await directory.catch_up()
        assert not stands(directory, key.id)


async def test_the_file_is_looked_at_once_a_millisecond(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand requests in a moment cost one look."""
    looks: list[None] = []

    async with (
        at(f"sqlite:{tmp_path}/localai.db", tmp_path) as database,
        following(database) as (directory, _),
    ):
        monkeypatch.setattr(time, "monotonic", lambda: 5.0)
        monkeypatch.setattr(database, "stamp", lambda: looks.append(None))
        for _ in range(1000):
            directory.is_behind()
        monkeypatch.undo()
    assert len(looks) == 1


async def test_other_routers_see_a_revocation_in_time(postgres: Postgres, tmp_path: Path) -> None:
    """With PostgreSQL a key made here works there at once, and one revoked here ends there within
    five seconds, though nobody there does anything."""
    url = postgres.url()
    async with (
        at(url, tmp_path) as here,
        at(url, tmp_path) as there,
        following(here) as (mine, store),
        following(there, refresh=2.0) as (other, _),
    ):
        _, key = await issue(store)
        await mine.read()
        assert stands(mine, key.id)
        assert not stands(other, key.id)
        await other.look_again()
        assert stands(other, key.id)
        await revoke(store, key.kid)
        took = await until(lambda: not stands(other, key.id))
        assert took < 5


async def test_a_flood_of_unknown_keys_asks_little(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand callers that nobody knows ask PostgreSQL twenty times, and SQLite not at all."""
    async with following(database) as (directory, _):
        reads = 0
        real = database.read

        def counted() -> Any:
            nonlocal reads
            reads += 1
            return real()

        if database.file is not None:
            await directory.look_again()  # until the tick of the last write is over
            await asyncio.sleep(0.05)
            await directory.look_again()
        monkeypatch.setattr(database, "read", counted)
        frozen = time.monotonic()
        monkeypatch.setattr(time, "monotonic", lambda: frozen)
        for _ in range(1000):
            await directory.look_again()
        monkeypatch.undo()
        assert reads == (0 if database.file else module.ASKS)


async def test_many_who_wait_read_together(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty who ask at once are served by the reading that runs and one more, twice over."""
    async with following(database) as (directory, store):
        real, reads = database.read, 0

        def counted() -> Any:
            nonlocal reads
            reads += 1
            return real()

        monkeypatch.setattr(database, "read", counted)
        tasks = [asyncio.create_task(directory.read()) for _ in range(50)]
        await asyncio.sleep(0)
        _, key = await issue(store)
        await asyncio.gather(*tasks, *(directory.read() for _ in range(50)))
        assert reads <= 4
        assert stands(directory, key.id)


# psycopg warns of a cursor whose connection was closed under it, as it is for those who leave.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_reading_that_is_cancelled_changes_nothing(database: Database) -> None:
    """A caller that leaves while the keys are read leaves them whole, and the next one reads."""
    async with following(database) as (directory, store):
        _, key = await issue(store)
        for steps in range(40):
            task = asyncio.create_task(directory.read())
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await directory.read()
        assert stands(directory, key.id)


async def test_plugins_of_a_process_share_a_directory(tmp_path: Path) -> None:
    """All who use one database get one directory; the last to leave ends it."""
    url = f"sqlite:{tmp_path}/localai.db"
    async with at(url, tmp_path) as database, at(url, tmp_path) as other:
        async with directory_of(database, refresh=3, cache_time=30) as one:
            async with directory_of(database) as two, directory_of(other) as three:
                assert one is two
                assert one is not three
                assert (one.refresh, one.cache_time) == (3, 30)
            await one.read()
            names = {task.get_name() for task in asyncio.all_tasks()}
            assert "follow the database" in names
        assert module._shared == {}
        assert "follow the database" not in {task.get_name() for task in asyncio.all_tasks()}
        async with directory_of(database) as again:
            assert again is not one


async def test_clock_jumps_do_not_matter_to_freshness(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wall clock that jumps an hour either way makes nothing too old, and nothing young."""
    async with (
        at(f"sqlite:{tmp_path}/localai.db", tmp_path) as database,
        following(database, cache_time=60) as (directory, _),
    ):
        real = time.time()
        for jump in (-3600, 3600):
            monkeypatch.setattr(time, "time", lambda jump=jump: real + jump)
            directory.check_age()
        monkeypatch.undo()
        late = time.monotonic() + 61
        monkeypatch.setattr(time, "monotonic", lambda: late)
        with pytest.raises(Unavailable):
            directory.check_age()
        monkeypatch.undo()


async def test_following_goes_on_after_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of the router itself while it reads is logged, and the next time it reads again."""
    async with (
        at(f"sqlite:{tmp_path}/localai.db", tmp_path) as database,
        following(database, refresh=0.01) as (directory, store),
    ):
        with capture_logs() as entries:
            monkeypatch.setattr(module, "changed", None)
            await until(lambda: any(entry["log_level"] == "error" for entry in entries))
            monkeypatch.undo()
        _, key = await issue(store)
        await until(lambda: stands(directory, key.id))


async def test_what_ended_long_ago_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A month after its end a record goes; where there is too much, all that have ended go."""
    monkeypatch.setattr(module, "FORGET_EVERY", 0.0)
    async with (
        at(f"sqlite:{tmp_path}/localai.db", tmp_path) as database,
        following(database, refresh=0.01, max_records=3) as (directory, store),
    ):
        _, ended = await issue(store)
        _, lives = await issue(store)
        await revoke(store, ended.kid)
        await directory.read()
        await asyncio.sleep(0.05)
        assert len(directory) == 2
        monkeypatch.setattr(module, "KEEP_ENDED", -1.0)
        await until(lambda: len(directory) == 1)
        monkeypatch.setattr(module, "KEEP_ENDED", 1e9)
        for _ in range(2):
            await issue(store)
        await directory.read()
        assert directory.is_full
        await revoke(store, lives.kid)
        await until(lambda: len(directory) == 2 and not directory.is_full)
        with capture_logs() as entries:
            await issue(store)
            await until(lambda: any("too many" in entry["event"] for entry in entries))
        assert len(directory) == 3


async def test_while_nobody_writes_nothing_is_read(tmp_path: Path) -> None:
    """A file that is the same is not read again."""
    async with (
        at(f"sqlite:{tmp_path}/localai.db", tmp_path) as database,
        following(database) as (directory, store),
    ):
        await issue(store)
        await asyncio.sleep(0.05)  # a file's time has a tick of its own
        await directory.catch_up()
        await asyncio.sleep(0.01)
        assert not directory.is_behind()
