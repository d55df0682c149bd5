"""Transactions on both kinds of database, opened when they are needed."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.config import parse
from core.database import TICK, Database, open_database
from core.errors import SettingsError
from core.gateway import Gateway
from tests.core.conftest import Write
from tests.servers.databases import database_at

ADD = text("INSERT INTO things (name) VALUES (:name)")


@pytest.fixture
async def things(database: Database) -> Database:
    """A database with a table of things, whose names are unique."""
    async with database.write() as connection:
        await connection.execute(text("CREATE TABLE things (name VARCHAR(9) UNIQUE, n INT)"))
    return database


async def _names(database: Database) -> list[str]:
    async with database.read() as connection:
        found = await connection.execute(text("SELECT name FROM things ORDER BY name"))
        return list(found.scalars())


async def test_what_was_written_is_read(things: Database) -> None:
    """A transaction that ends well is there for the next one."""
    async with things.write() as connection:
        await connection.execute(ADD, [{"name": "a"}, {"name": "b"}])
    assert await _names(things) == ["a", "b"]


async def test_a_failure_undoes_the_whole_transaction(things: Database) -> None:
    """An exception of the block passes through, and nothing of the transaction stays."""

    async def work() -> None:
        async with things.write() as connection:
            await connection.execute(ADD, {"name": "a"})
            raise OSError("mine")

    with pytest.raises(OSError, match="mine"):
        await work()
    assert await _names(things) == []


async def test_a_cancelled_transaction_is_undone(things: Database) -> None:
    """Cancelled between two statements, a transaction leaves nothing, and its connection serves."""
    begun = asyncio.Event()

    async def work() -> None:
        async with things.write() as connection:
            await connection.execute(ADD, {"name": "a"})
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await _names(things) == []
    async with things.write() as connection:
        await connection.execute(ADD, {"name": "b"})
    assert await _names(things) == ["b"]


async def test_cancelled_at_any_point_nothing_is_left_behind(things: Database) -> None:
    """Wherever a transaction is cancelled, it is whole or not there, and the next one works."""

    async def work(name: str) -> None:
        async with things.write() as connection:
            await connection.execute(ADD, {"name": f"{name}-1"})
            await connection.execute(ADD, {"name": f"{name}-2"})

    for number in range(60):
        task = asyncio.create_task(work(str(number)))
        await asyncio.sleep(number / 10_000)  # the whole takes some milliseconds
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await work("last")
    names = await _names(things)
    assert {"last-1", "last-2"} <= set(names)
    assert len(names) == 2 * len({name.partition("-")[0] for name in names})


async def test_writers_wait_for_each_other(
    things: Database, database_url: str, tmp_path: Path
) -> None:
    """Of writers at the same time, from two routers, none fails and no write is lost."""
    other = database_at(database_url, tmp_path)

    async def count(database: Database) -> None:
        async with database.write() as connection:
            await connection.execute(text("UPDATE things SET n = n + 1"))
            await asyncio.sleep(0.001)

    async with things.write() as connection:
        await connection.execute(text("INSERT INTO things VALUES ('a', 0)"))
    await asyncio.gather(*(count(each) for each in (things, other) * 20))
    async with other.read() as connection:
        assert (await connection.execute(text("SELECT n FROM things"))).scalar() == 40
    await other.close()


async def test_a_readers_view_stands_still(things: Database) -> None:
    """What a reader sees does not change under it, and it keeps no writer waiting."""
    async with things.read() as connection:
        count = text("SELECT count(*) FROM things")
        assert (await connection.execute(count)).scalar() == 0
        async with things.write() as writing:
            await writing.execute(ADD, {"name": "a"})
        assert (await connection.execute(count)).scalar() == 0
    assert await _names(things) == ["a"]


async def test_mistakes_in_statements_are_no_outage(things: Database) -> None:
    """A broken constraint and a wrong statement raise SQLAlchemy's errors, without the values."""
    with pytest.raises(IntegrityError) as caught:
        async with things.write() as connection:
            await connection.execute(ADD, [{"name": "twice"}, {"name": "twice"}])
    assert "[parameters" not in str(caught.value)
    with pytest.raises(DBAPIError):
        async with things.read() as connection:
            await connection.execute(text("SELECT 1 FROM nowhere"))


async def test_foreign_keys_hold(things: Database) -> None:
    """A row can't point at another that is not there."""
    async with things.write() as connection:
        await connection.execute(
            text("CREATE TABLE parts (thing VARCHAR(9) REFERENCES things (name))")
        )
    with pytest.raises(IntegrityError):
        async with things.write() as connection:
            await connection.execute(text("INSERT INTO parts VALUES ('none')"))


async def test_another_routers_write_changes_the_stamp(
    things: Database, database_url: str, tmp_path: Path
) -> None:
    """However soon after a look another router writes, a later look shows it; else all stays."""
    other = database_at(database_url, tmp_path)
    if things.file is None:
        assert things.stamp() is None
        return
    for number in range(20):
        before = things.stamp()
        async with other.write() as connection:
            await connection.execute(ADD, {"name": str(number)})
        after = things.stamp()
        async with other.write() as connection:
            await connection.execute(ADD, {"name": f"{number}b"})
        assert before != things.stamp()
        await asyncio.sleep(TICK / 1e9 + 0.001)
        assert after != things.stamp()
        assert things.stamp() == things.stamp()
    await other.close()


async def test_it_can_be_opened_again(things: Database) -> None:
    """After it was closed, the next transaction opens it anew."""
    await things.close()
    await things.close()
    assert await _names(things) == []


async def test_a_router_that_needs_no_database_makes_none(tmp_path: Path) -> None:
    """Without a transaction there is no file, not even its folder."""
    database = database_at("sqlite:data/localai.db", tmp_path)
    assert database.file == tmp_path / "data" / "localai.db"
    assert database.stamp() == ((0, 0), (0, 0), False)
    gateway = Gateway(parse('[ollama]\nembedded = "always"', tmp_path / "localai.toml"))
    await gateway.start()
    await gateway.stop()
    assert os.listdir(tmp_path) == []


async def test_a_router_that_does_not_start_closes_it(tmp_path: Path, write_plugin: Write) -> None:
    """When a plugin opens the database and then fails, the connections are closed again."""
    module = write_plugin("""
        class Failing:
            @hookimpl
            @asynccontextmanager
            async def lifespan(self, gateway: Gateway) -> AsyncIterator[None]:
                async with gateway.database.read():
                    pass
                raise OSError("no port")
                yield
    """)
    use = f'[chain]\nplugins = ["failing"]\n[plugins.failing]\nuse = "{module}:Failing"\n'
    gateway = Gateway(parse(f'[ollama]\nembedded = "always"\n{use}', tmp_path / "localai.toml"))
    with pytest.raises(SettingsError, match="no port"):
        await gateway.start()
    assert os.listdir(tmp_path / "data") == ["localai.db"]  # SQLite's other files are gone


async def test_nothing_is_imported_before_it_is_needed() -> None:
    """Neither the router nor the command line loads SQLAlchemy, Alembic or a driver."""
    code = (
        "import sys, localai, core.server, core.cli\n"
        "print([each for each in ('sqlalchemy', 'alembic', 'aiosqlite', 'psycopg') "
        "if each in sys.modules])"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert output == b"[]\n"


@pytest.mark.parametrize("url", ["", "sqlite:", "mysql://u:canary-hunter2@host/db", "data.db"])
def test_another_kind_of_url_is_refused(url: str, tmp_path: Path) -> None:
    """What is no URL of either database is a mistake in the settings, not shown for its secrets."""
    with pytest.raises(SettingsError, match=r"\[database\] url: expected .*sqlite:FILE") as caught:
        database_at(url, tmp_path)
    assert "canary" not in str(caught.value)


async def test_a_command_opens_the_settings_database(tmp_path: Path) -> None:
    """A command gets the database that the settings name, and it is closed at the end."""
    file = tmp_path / "localai.toml"
    file.write_text('[database]\nurl = "sqlite:mine.db"')
    async with open_database(file) as database, database.read() as connection:
        assert (await connection.execute(text("SELECT 1"))).scalar() == 1
    assert (tmp_path / "mine.db").is_file()
    assert not (tmp_path / "mine.db-wal").exists()
