"""SQLAlchemy's side of the database: pooled connections, transactions, and their failures."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, NullPool

from core.config import Database as Settings
from core.errors import Unavailable

log = structlog.get_logger("database")

AWAY = "the router's database does not answer: try again"
BUSY = "the router's database is busy: try again"
RETRY_AFTER = 2.0
"""Seconds after which callers are told to try again."""

SQLITE_AWAY = frozenset(
    {
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
"""SQLite's errors of the file or the disk, as opposed to those of a statement."""


class Engine:
    """A pool of connections to one database, and the transactions on them."""

    def __init__(self, settings: Settings, file: Path | None) -> None:
        self._settings = settings
        self._file = file
        self._outage = Outage(_password(settings, file))
        self._pooled = self._make(
            settings.timeout,
            poolclass=AsyncAdaptedQueuePool,
            pool_size=settings.pool_size,
            max_overflow=settings.pool_overflow,
            pool_recycle=int(settings.pool_recycle),
            pool_pre_ping=file is None,
        )
        # A reader sees one state of the database throughout, as it does with SQLite anyway.
        self._reading = (
            self._pooled
            if file
            else self._pooled.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        )
        self._writing = self._pooled.execution_options(writes=True)
        # Waiting here, before the pool's own queue, is in order and can be cancelled. SQLite
        # takes one writer at a time, and has the others try again and again.
        most = settings.pool_size + settings.pool_overflow
        self._slots = asyncio.Semaphore(most)
        self._writers = asyncio.Semaphore(1 if file else most)

    @asynccontextmanager
    async def transaction(self, *, writes: bool) -> AsyncIterator[AsyncConnection]:
        """Open a transaction; raise `Unavailable` wherever the database does not answer."""
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(self._settings.pool_wait):
                    if writes:
                        await stack.enter_async_context(self._writers)
                    await stack.enter_async_context(self._slots)
            except TimeoutError:
                raise Unavailable(BUSY, retry_after=RETRY_AFTER) from None
            engine = self._writing if writes else self._reading
            yield await stack.enter_async_context(self._begun(engine, self._settings.timeout))

    @asynccontextmanager
    async def migration(self, timeout: float) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that changes tables, on a connection of its own.

        Each statement may take `timeout` seconds. Foreign keys of SQLite are not enforced in it:
        to change a table there is to replace it (sqlite.org/lang_altertable.html §7).
        """
        engine = self._make(timeout, poolclass=NullPool).execution_options(writes=True)
        try:
            async with self._begun(engine, timeout) as connection:
                yield connection
        finally:
            await engine.dispose()

    async def close(self) -> None:
        """Close the connections."""
        await self._pooled.dispose()

    def _make(self, timeout: float, **pool: Any) -> AsyncEngine:
        is_pooled = pool["poolclass"] is not NullPool
        connect: Callable[[], Awaitable[Any]]
        if self._file is not None:
            from core import sqlite

            url = "sqlite+aiosqlite://"
            connect = partial(sqlite.connect, self._file, timeout, foreign_keys=is_pooled)
        else:
            from core import postgres

            # SQLAlchemy need not know where it is, and with which password.
            url = "postgresql+psycopg://"
            connect = partial(postgres.connect, self._settings.url.reveal(), timeout)
        engine = create_async_engine(url, async_creator=connect, hide_parameters=True, **pool)
        if self._file is not None:
            event.listen(engine.sync_engine, "begin", _begin)
        return engine

    @asynccontextmanager
    async def _begun(self, engine: AsyncEngine, timeout: float) -> AsyncIterator[AsyncConnection]:
        """Open a transaction within `timeout` seconds, and translate its failures."""
        try:
            async with AsyncExitStack() as stack:
                try:
                    async with asyncio.timeout(timeout):
                        connection = await stack.enter_async_context(engine.connect())
                        await stack.enter_async_context(connection.begin())
                except (OSError, TimeoutError, sqlite3.Error) as error:
                    raise self._outage.seen(error) from error
                self._outage.over()
                yield connection
        except DBAPIError as error:
            if not is_away(error):
                raise
            raise self._outage.seen(error.orig or error) from error


class Outage:
    """Writes to the log when the database goes and when it is back, once each."""

    def __init__(self, password: str) -> None:
        self._password = password
        self._since: float | None = None

    def seen(self, error: BaseException) -> Unavailable:
        """Take note of a failure; return what callers get to see of it."""
        if self._since is None:
            self._since = time.monotonic()
            reason = f"{type(error).__name__}: {error}".strip().removesuffix(":")
            if self._password:
                reason = reason.replace(self._password, "***")
            log.error("the database does not answer", reason=reason)
        return Unavailable(AWAY, retry_after=RETRY_AFTER)

    def over(self) -> None:
        """Take note that the database answers."""
        if self._since is not None:
            seconds = round(time.monotonic() - self._since, 1)
            self._since = None
            log.info("the database answers again", seconds=seconds)


def is_away(error: DBAPIError) -> bool:
    """Say whether the database is to blame, and not the statement."""
    if error.connection_invalidated:
        return True
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in SQLITE_AWAY
    return isinstance(error, OperationalError | InterfaceError)


def _begin(connection: Connection) -> None:
    """Begin a transaction of SQLite; one that writes waits for others before it reads."""
    writes = bool(connection.get_execution_options().get("writes"))
    adapted: Any = connection.connection.dbapi_connection
    adapted.run_async(lambda driver: driver.begin(writes=writes))


def _password(settings: Settings, file: Path | None) -> str:
    if file is not None:
        return ""
    from core.postgres import password_of

    return password_of(settings.url.reveal())
