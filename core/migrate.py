"""Tables made and changed by Alembic's revisions, once for all processes on one database.

Alembic takes 10 MB and a third of a second to load. A database that is new is given the tables as
they are now, without it; it is loaded where there is a revision to apply.
"""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import Connection, MetaData, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.errors import SettingsError

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

    from core.engine import Engine

log = structlog.get_logger("database")

TIMEOUT = 600.0
"""Seconds that one change of a table may take, and the wait for another process that makes it."""
LOCK = int.from_bytes(b"localai\x01")
"""PostgreSQL's number for the advisory lock of those who migrate."""

_FAMILY = re.compile(r"[a-z][a-z0-9_]{0,30}")
_REVISION = re.compile(r"(\d{4})_\w+\.py")

# Alembic has one `op` for the whole process, so two may not migrate at once.
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


async def prepare(engine: "Engine", family: str, folder: Path, tables: MetaData | None) -> None:
    """Bring a family's tables up to date, all or nothing.

    `tables` are what all the revisions together make. Raises `SettingsError` when those of the
    database are newer, `Unavailable` when it does not answer.
    """
    if not _FAMILY.fullmatch(family):
        raise ValueError(f"'{family}' can't be a family's name: use a-z, 0-9 and _")
    known = revisions(folder)
    async with engine.transaction(writes=False) as connection:
        current = await connection.run_sync(_current, family)
    if _is_latest(family, current, known):
        return
    loop = asyncio.get_running_loop()
    async with _turns.setdefault(loop, asyncio.Lock()), engine.migration(TIMEOUT) as connection:
        await _wait_for_turn(connection)
        # Another process may have done it, or be newer, by now.
        current = await connection.run_sync(_current, family)
        if _is_latest(family, current, known):
            return
        if current is None and tables is not None:
            await connection.run_sync(_create, family, tables, known[-1])
        else:
            scripts = await asyncio.to_thread(_load, folder)
            await connection.run_sync(_upgrade, family, scripts)
    done = "tables updated" if current else "tables made"
    log.info(done, family=family, before=current, revision=known[-1])


def revisions(folder: Path) -> Sequence[str]:
    """Return the numbers of the revisions in a folder, the newest last."""
    matches = [_REVISION.fullmatch(each.name) for each in folder.iterdir()]
    found = sorted(match[1] for match in matches if match)
    if not found:
        raise ValueError(f"{folder} has no revisions, such as 0001_keys.py")
    return found


def version_table(family: str) -> str:
    """Return the name of the table that holds a family's revision."""
    return f"alembic_version_{family}"


def _current(connection: Connection, family: str) -> str | None:
    table = version_table(family)
    if not inspect(connection).has_table(table):
        return None
    revision: str | None = connection.execute(text(f"SELECT version_num FROM {table}")).scalar()
    return revision


def _is_latest(family: str, current: str | None, known: Sequence[str]) -> bool:
    if current is not None and current not in known:
        raise SettingsError(
            f"the database's tables for '{family}' are at revision {current}, and this version of "
            f"the router knows only up to {known[-1]}: install the version that was here before, "
            "or go back to a copy of the database from before it"
        )
    return current == known[-1]


async def _wait_for_turn(connection: AsyncConnection) -> None:
    """Wait for other processes; SQLite has done so at the transaction's begin."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def _create(connection: Connection, family: str, tables: MetaData, latest: str) -> None:
    """Make all tables, and note the revision that they are at."""
    tables.create_all(connection, checkfirst=False)
    version = version_table(family)
    # As Alembic makes it.
    connection.execute(
        text(
            f"CREATE TABLE {version} (version_num VARCHAR(32) NOT NULL, "
            f"CONSTRAINT {version}_pkc PRIMARY KEY (version_num))"
        )
    )
    connection.execute(text(f"INSERT INTO {version} VALUES (:latest)"), {"latest": latest})


def _load(folder: Path) -> "ScriptDirectory":
    """Import Alembic and the revisions."""
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(folder, version_locations=[folder])
    scripts.get_current_head()
    return scripts


def _upgrade(connection: Connection, family: str, scripts: "ScriptDirectory") -> None:
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    def steps(revision: Any, _: MigrationContext) -> Any:
        return scripts._upgrade_revs("head", revision)

    options = {"version_table": version_table(family), "fn": steps, "script": scripts}
    context = MigrationContext.configure(connection, opts=options)
    with Operations.context(context):
        context.run_migrations()
    if connection.dialect.name == "sqlite":
        broken = connection.execute(text("PRAGMA foreign_key_check")).first()
        if broken is not None:
            raise RuntimeError(f"a revision of '{family}' breaks foreign keys of '{broken[0]}'")
