"""The router's database: SQLite in a file, or PostgreSQL by URL, opened on first use.

SQLAlchemy is imported when a plugin first asks for the database, not before: it takes a third of
a second to load, and a router without keys and users needs none of it.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.config import Database as DatabaseSettings
from core.config import Settings, load

if TYPE_CHECKING:
    from sqlalchemy import MetaData
    from sqlalchemy.ext.asyncio import AsyncConnection

    from core.engine import Engine

TICK = 20_000_000
"""Nanoseconds in which two writes may leave a file with the same time; ticks last 1 to 10 ms."""


class Database:
    """Transactions for plugins; `prepare` first, which makes their tables.

    Raises `Unavailable` wherever the database does not answer in `timeout`. A mistake in a
    statement, or one that breaks a constraint, raises SQLAlchemy's error. One transaction within
    another of the same task takes a second connection, and with SQLite two that write wait for
    each other in vain.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings.database
        self._engine: Engine | None = None
        self._opening = asyncio.Lock()
        self._preparing: dict[str, asyncio.Lock] = {}
        self._prepared: set[str] = set()
        url = self._settings.url.reveal()
        self.folder = settings.folder
        """Where relative paths of the settings start: secrets of the database's users lie there."""
        self.file: Path | None = None
        """The SQLite file, or `None` for PostgreSQL."""
        if url.startswith("sqlite:") and url != "sqlite:":
            self.file = settings.folder / url.removeprefix("sqlite:")
            self._looked_at = (f"{self.file}-wal", str(self.file))
        elif not url.startswith(("postgresql://", "postgres://")):
            raise settings.document.error(
                ("database",), "url", 'expected "sqlite:FILE" or "postgresql://USER@HOST/NAME"'
            )

    @asynccontextmanager
    async def read(self) -> "AsyncIterator[AsyncConnection]":
        """Open a transaction that only reads."""
        engine = await self._opened()
        async with engine.transaction(writes=False) as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> "AsyncIterator[AsyncConnection]":
        """Open a transaction that writes; it is committed at the end, or rolled back."""
        engine = await self._opened()
        async with engine.transaction(writes=True) as connection:
            yield connection

    async def prepare(
        self, family: str, migrations: Path, tables: "MetaData | None" = None
    ) -> None:
        """Bring the tables of a family up to date by the revisions in its folder.

        A revision is a file of Alembic's, `0001_keys.py`, whose number is its name's; each family
        has its own. A new database is given `tables` at once, if they are there. Raises
        `SettingsError` when the tables are newer than the revisions.
        """
        if family in self._prepared:
            return
        async with self._preparing.setdefault(family, asyncio.Lock()):
            if family in self._prepared:
                return
            engine = await self._opened()
            from core.migrate import prepare

            await prepare(engine, family, migrations, tables)
            self._prepared.add(family)

    def stamp(self) -> Any:
        """Return a value that changes when another process may have written; SQLite only.

        Ask before reading, and read again when it is another one. It costs two looks at files,
        3 us; for PostgreSQL it is always `None`.
        """
        if self.file is None:
            return None
        sizes = []
        changed = 0
        for name in self._looked_at:
            try:
                stat = os.stat(name)
            except FileNotFoundError:
                sizes.append((0, 0))
            else:
                sizes.append((stat.st_mtime_ns, stat.st_size))
                changed = max(changed, stat.st_mtime_ns)
        # Another write in the same tick may leave the same time: look once more after it.
        return (*sizes, time.time_ns() - changed < TICK)

    async def close(self) -> None:
        """Close all connections."""
        async with self._opening:
            if self._engine is not None:
                await self._engine.close()
            self._engine = None

    async def _opened(self) -> "Engine":
        if self._engine is None:
            async with self._opening:
                if self._engine is None:
                    self._engine = await asyncio.to_thread(_engine, self._settings, self.file)
        return self._engine


def _engine(settings: DatabaseSettings, file: Path | None) -> "Engine":
    """Import SQLAlchemy and the driver, and set them up."""
    from core.engine import Engine

    return Engine(settings, file)


@asynccontextmanager
async def open_database(path: Path | None) -> AsyncIterator[Database]:
    """Open the database of a settings file, for a command; `None` stands for the defaults."""
    database = Database(load(path))
    try:
        yield database
    finally:
        await database.close()
