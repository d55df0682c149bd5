"""Connections to SQLite: whom their files belong to, and how statements end."""

import asyncio
import sqlite3
import stat
import sys
import time
from pathlib import Path

import pytest

from core.sqlite import SqliteConnection, connect

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


async def test_nobody_else_may_read_the_files(tmp_path: Path) -> None:
    """The folder is made for the owner alone, and so are the file and those that SQLite adds."""
    file = tmp_path / "new" / "data" / "localai.db"
    connection = await connect(file, 5)
    await connection.execute("CREATE TABLE things (n INT)")
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in file.parent.iterdir()}
    assert modes == dict.fromkeys(("localai.db", "localai.db-shm", "localai.db-wal"), 0o600)
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    await connection.close()


async def test_a_file_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    """What the operator has set up is not changed."""
    file = tmp_path / "localai.db"
    file.touch(0o640)
    before = file.stat().st_mode
    await (await connect(file, 5)).close()
    assert file.stat().st_mode == before


@pytest.mark.parametrize("foreign_keys", [True, False])
async def test_the_settings_of_a_connection(foreign_keys: bool, tmp_path: Path) -> None:
    """A connection has a write-ahead log, waits for others, and enforces foreign keys or not."""
    connection = await connect(tmp_path / "localai.db", 5, foreign_keys=foreign_keys)
    values = {}
    for pragma in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys"):
        async with connection.execute(f"PRAGMA {pragma}") as cursor:
            values[pragma] = tuple(await cursor.fetchone() or ())
    assert values == {
        "journal_mode": ("wal",),
        "synchronous": (2,),
        "busy_timeout": (250,),
        "foreign_keys": (int(foreign_keys),),
    }
    await connection.close()


async def _serves(connection: SqliteConnection) -> None:
    async with connection.execute("SELECT 1") as cursor:
        assert await cursor.fetchone() == (1,)
    await connection.close()


async def test_what_takes_too_long_is_interrupted(tmp_path: Path) -> None:
    """A statement ends with an error after `timeout`, and the connection serves the next."""
    connection = await connect(tmp_path / "localai.db", 0.1)
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        await connection.execute_fetchall(ENDLESS)
    await _serves(connection)


@pytest.mark.parametrize("turns", [1, 2, 5, 50])
async def test_what_nobody_waits_for_is_interrupted(turns: int, tmp_path: Path) -> None:
    """A cancelled statement ends soon, whether it runs already or not."""
    connection = await connect(tmp_path / "localai.db", 60)
    task = asyncio.ensure_future(connection.execute_fetchall(ENDLESS))
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    begun = time.monotonic()
    await _serves(connection)
    assert time.monotonic() - begun < 4


async def test_a_closed_connection_locks_nothing(tmp_path: Path) -> None:
    """Closed within a transaction, a connection ends it, even if a cursor is still in memory."""
    connection, other = [await connect(tmp_path / "localai.db", 5) for _ in range(2)]
    await connection.execute("CREATE TABLE things AS SELECT 1 AS n UNION SELECT 2")
    await connection.begin(writes=True)
    cursor = await connection.execute("SELECT n FROM things")
    assert await cursor.fetchone() == (1,)
    await connection.close()
    async with asyncio.timeout(2):
        await other.begin(writes=True)
    assert cursor.description
    await other.close()


async def test_many_processes_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    """Processes that all find no file make one together; none fails."""
    code = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from core.sqlite import connect\n"
        "async def main():\n"
        "    print('ready', flush=True)\n"
        "    sys.stdin.readline()\n"
        "    await (await connect(Path(sys.argv[1]), 5)).close()\n"
        "asyncio.run(main())\n"
    )
    pipe = asyncio.subprocess.PIPE
    file = str(tmp_path / "data" / "localai.db")
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, file, stdin=pipe, stdout=pipe, stderr=pipe
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        await process.stdout.readline()
    results = await asyncio.gather(*(process.communicate(b"\n") for process in processes))
    assert [errors for _, errors in results] == [b""] * 4
