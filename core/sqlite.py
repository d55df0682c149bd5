"""Connections to an SQLite file: a thread for each, and no statement that runs on for ever."""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import aiosqlite

MOST_JOURNAL = 64_000_000
"""Bytes that the write-ahead log is cut back to after it was longer."""

BUSY_TIMEOUT = 0.25
"""Seconds that SQLite itself waits for another process: that can't be interrupted."""
OPEN_TIMEOUT = 5.0
"""Seconds that a new connection waits for other processes."""
AGAIN = 0.05
"""Seconds between two interruptions of one statement."""

PRAGMAS = (
    "PRAGMA synchronous = FULL",  # a key that was revoked stays revoked after a power cut
    f"PRAGMA journal_size_limit = {MOST_JOURNAL}",
    "PRAGMA cache_size = -256",  # KiB for each connection; the system caches the file anyway
)


class SqliteConnection(aiosqlite.Connection):
    """Interrupts what takes longer than `timeout` seconds, and what nobody waits for any more.

    A disk that hangs can't be interrupted.
    """

    def __init__(self, connector: Callable[[], sqlite3.Connection], timeout: float) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self._thread.daemon = True
        self._timeout = timeout
        self._begun = self._ended = 0  # they count what the thread is given, and has done

    async def begin(self, *, writes: bool) -> None:
        """Begin a transaction; one that writes waits for as long as another process's does."""
        statement = "BEGIN IMMEDIATE" if writes else "BEGIN"
        while True:
            try:
                await self._execute(self._conn.execute, statement)
            except sqlite3.OperationalError as error:
                if not _is_busy(error):
                    raise
            else:
                return

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self._begun = number = self._begun + 1

        def run() -> Any:
            try:
                return fn(*args, **kwargs)
            finally:
                self._ended = number

        timer = asyncio.get_running_loop().call_later(self._timeout, self._end, number)
        try:
            return await super()._execute(run)  # type: ignore[no-untyped-call]
        except asyncio.CancelledError:
            self._end(number)
            raise
        finally:
            timer.cancel()

    def _end(self, number: int) -> None:
        """Interrupt what runs, until it has ended: it may not even have begun."""
        if self._connection is not None and self._ended < number:
            self._connection.interrupt()
            asyncio.get_running_loop().call_later(AGAIN, self._end, number)


class _Connection(sqlite3.Connection):
    def close(self) -> None:
        # SQLite would keep the transaction, and its lock, for as long as a cursor is in memory:
        # that of a cancelled statement is, until the garbage collector comes by.
        with suppress(sqlite3.Error):
            self.rollback()
        super().close()

    def __del__(self) -> None:
        # Whoever asked for it may have left before the thread had opened it.
        with suppress(sqlite3.Error):
            self.close()


async def connect(file: Path, timeout: float, *, foreign_keys: bool = True) -> SqliteConnection:
    """Open the file, made with its folder when it is not there; nobody else may read either."""
    connection = SqliteConnection(partial(_connect, file, foreign_keys), timeout)
    await connection
    return connection


def _connect(file: Path, foreign_keys: bool) -> sqlite3.Connection:
    _make(file)
    # Transactions begin by an explicit BEGIN: sqlite3's own would begin too late, and deferred.
    connection = sqlite3.connect(
        file,
        timeout=BUSY_TIMEOUT,
        isolation_level=None,
        check_same_thread=False,
        factory=_Connection,
    )
    try:
        _use_write_ahead_log(connection)
        for pragma in PRAGMAS:
            connection.execute(pragma)
        connection.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
    except BaseException:
        connection.close()
        raise
    return connection


def _make(file: Path) -> None:
    """Make the file, mode 0600, in its folder, mode 0700; SQLite's other files take its mode."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        # Only a new file is opened here: closing one that is in use would end SQLite's locks.
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switch to it; processes that do so at once collide, and SQLite does not wait then."""
    deadline = time.monotonic() + OPEN_TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
