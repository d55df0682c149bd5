"""A database that goes, hangs, is busy, and comes back."""

import asyncio
import gc
import sqlite3
import time
import traceback
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InternalError
from structlog.testing import capture_logs

from core.database import Database
from core.engine import AWAY, BUSY, Outage, is_away
from core.errors import Unavailable
from tests.servers.databases import database_at
from tests.servers.postgres import PASSWORD, Postgres

QUICK = "timeout = 0.5\npool_size = 2\npool_overflow = 0\npool_wait = 1\n"
SOON = 4
"""Seconds that nothing may take with these settings, on a busy machine."""


async def _one(database: Database) -> Any:
    async with database.read() as connection:
        return (await connection.execute(text("SELECT 1"))).scalar()


async def _is_away(database: Database, message: str = AWAY) -> None:
    """Check that a transaction is refused soon, by words that hold nothing internal."""
    begun = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        await _one(database)
    assert caught.value.message == message
    assert caught.value.retry_after
    assert time.monotonic() - begun < SOON
    shown = "".join(traceback.format_exception(caught.value))
    assert PASSWORD not in shown


async def test_a_server_that_goes_and_comes_back(postgres: Postgres, tmp_path: Path) -> None:
    """While it is away requests are refused; afterwards they work. The log says so once each."""
    database = database_at(postgres.url(), tmp_path, QUICK)
    with capture_logs() as logs:
        assert await _one(database) == 1
        assert logs == []
        for _ in range(2):
            postgres.stop()
            for _ in range(3):
                await _is_away(database)
            postgres.start()
            assert await _one(database) == await _one(database) == 1
    assert [each["event"] for each in logs] == [
        "the database does not answer",
        "the database answers again",
    ] * 2
    assert "OperationalError" in logs[0]["reason"]
    assert PASSWORD not in str(logs)
    await database.close()


async def test_a_server_that_goes_within_a_transaction(postgres: Postgres, tmp_path: Path) -> None:
    """A transaction that is under way is refused too, with its next statement or its end."""
    database = database_at(postgres.url(), tmp_path, QUICK)

    async def work(statement: str) -> None:
        async with database.write() as connection:
            await connection.execute(text("CREATE TABLE things (n INT)"))
            postgres.stop()
            if statement:
                await connection.execute(text(statement))

    for statement in ("SELECT 1", ""):
        with pytest.raises(Unavailable, match=AWAY):
            await work(statement)
        postgres.start()
    async with database.read() as connection:
        assert (await connection.execute(text("SELECT to_regclass('things')"))).scalar() is None
    await database.close()


async def test_a_server_that_hangs(postgres: Postgres, tmp_path: Path) -> None:
    """Nothing waits longer than `timeout`: no connection kept, no new one, no transaction."""
    database = database_at(postgres.url(), tmp_path, QUICK)
    await _one(database)
    postgres.pause()
    await _is_away(database)
    await _is_away(database)
    postgres.resume()
    assert await _one(database) == 1
    await database.close()


async def test_a_server_that_hangs_within_a_transaction(postgres: Postgres, tmp_path: Path) -> None:
    """A transaction that is under way is refused too, and its end waits for nothing either."""
    database = database_at(postgres.url(), tmp_path, QUICK)

    async def work() -> None:
        async with database.write() as connection:
            postgres.pause()
            await connection.execute(text("SELECT 1"))

    await _one(database)
    begun = time.monotonic()
    with pytest.raises(Unavailable, match=AWAY):
        await work()
    assert time.monotonic() - begun < SOON
    postgres.resume()
    assert await _one(database) == 1
    await database.close()


async def test_leaving_a_server_that_hangs(postgres: Postgres, tmp_path: Path) -> None:
    """A task that is cancelled while the server hangs ends at once."""
    database = database_at(postgres.url(), tmp_path, "timeout = 60")
    await _one(database)
    postgres.pause()
    task = asyncio.create_task(_one(database))
    await asyncio.sleep(0.1)  # until it waits for the server
    begun = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - begun < SOON
    postgres.resume()
    assert await _one(database) == 1
    await database.close()


async def test_a_statement_that_takes_too_long(database_url: str, tmp_path: Path) -> None:
    """A statement is ended after `timeout`, and its connection serves the next one."""
    database = database_at(database_url, tmp_path, QUICK)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    slow = text(endless if database.file else "SELECT pg_sleep(60)")
    for _ in range(3):
        begun = time.monotonic()
        with pytest.raises(Unavailable, match=AWAY):
            async with database.read() as connection:
                await connection.execute(slow)
        assert time.monotonic() - begun < SOON
    assert await _one(database) == 1
    await database.close()


async def test_cancelled_statements_give_their_connections_back(
    database_url: str, tmp_path: Path
) -> None:
    """Statements that nobody waits for any more are ended, however many there were."""
    database = database_at(database_url, tmp_path, QUICK.replace("0.5", "60"))
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    slow = text(endless if database.file else "SELECT pg_sleep(60)")

    async def work() -> None:
        async with database.read() as connection:
            started.set()
            await connection.execute(slow)

    for _ in range(4):
        started = asyncio.Event()
        task = asyncio.create_task(work())
        await started.wait()
        await asyncio.sleep(0.02)  # until the statement runs
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [*await asyncio.gather(_one(database), _one(database))] == [1, 1]
    await database.close()


async def test_cancelled_at_any_point_no_connection_is_forgotten(
    database_url: str, tmp_path: Path
) -> None:
    """However far the first connection has come, none stays open that nobody knows of."""
    for number in range(30):
        database = database_at(database_url, tmp_path)
        task = asyncio.create_task(_one(database))
        await asyncio.sleep(number / 500)  # the first connection takes some milliseconds
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await database.close()
    gc.collect()  # what is open still warns, and that is an error here


async def test_a_pool_in_use_is_busy(database_url: str, tmp_path: Path) -> None:
    """When all connections are in use, the next caller waits, and is refused after `pool_wait`."""
    database = database_at(database_url, tmp_path, QUICK.replace("= 1\n", "= 0.2\n"))
    async with database.read(), database.read():
        await _is_away(database, BUSY)
        waiting = asyncio.create_task(_one(database))
        await asyncio.sleep(0)
    assert await waiting == 1
    await database.close()


async def test_another_process_keeps_the_file_locked(tmp_path: Path) -> None:
    """While another process writes and does not end, writers are refused, readers are not."""
    database = database_at("sqlite:localai.db", tmp_path, QUICK)
    assert await _one(database) == 1
    other = sqlite3.connect(tmp_path / "localai.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    begun = time.monotonic()
    with pytest.raises(Unavailable, match=AWAY):
        async with database.write():
            pass
    assert time.monotonic() - begun < SOON
    assert await _one(database) == 1
    other.execute("COMMIT")
    other.close()
    async with database.write():
        pass
    await database.close()


async def test_a_file_that_can_not_be_had(tmp_path: Path) -> None:
    """A folder that can't be made, or a file that is no database, is an outage until mended."""
    database = database_at("sqlite:data/localai.db", tmp_path, QUICK)
    (tmp_path / "data").write_text("not a folder")
    with capture_logs() as logs:
        await _is_away(database)
        (tmp_path / "data").unlink()
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "localai.db").write_bytes(b"not a database, but a text " * 99)
        await _is_away(database)
        (tmp_path / "data" / "localai.db").unlink()
        assert await _one(database) == 1
    assert [each["log_level"] for each in logs] == ["error", "info"]
    await database.close()


async def test_who_may_not_in_is_told_nothing(postgres: Postgres, tmp_path: Path) -> None:
    """A database that does not exist is an outage to callers; the log says what it is."""
    url = postgres.url("nowhere")
    with capture_logs() as logs:
        await _is_away(database_at(url, tmp_path))
    assert 'database "nowhere" does not exist' in logs[0]["reason"]


async def test_readers_write_nothing(postgres: Postgres, tmp_path: Path) -> None:
    """PostgreSQL refuses a write in a transaction that was opened to read."""
    database = database_at(postgres.url(), tmp_path)
    with pytest.raises(InternalError, match="read-only"):
        async with database.read() as connection:
            await connection.execute(text("CREATE TABLE things (n INT)"))
    await database.close()


def test_no_password_is_logged() -> None:
    """The password of the URL is masked wherever it stands in a reason."""
    with capture_logs() as logs:
        Outage(PASSWORD).seen(OSError(f"no way in for anna:{PASSWORD}@host"))
    assert logs[0]["reason"] == "OSError: no way in for anna:***@host"


@pytest.mark.parametrize(
    ("code", "away"),
    [
        (sqlite3.SQLITE_ERROR, False),
        (sqlite3.SQLITE_CONSTRAINT_UNIQUE, False),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, True),
        (sqlite3.SQLITE_IOERR_FSYNC, True),
        (sqlite3.SQLITE_FULL, True),
    ],
)
def test_which_errors_are_outages(code: int, away: bool) -> None:
    """Errors of the file and the disk are outages, those of a statement are not."""
    error = sqlite3.OperationalError("x")
    error.sqlite_errorcode = code
    assert is_away(DBAPIError("SELECT", {}, error)) is away
