"""Reading what has changed of the tables that routers hold in memory."""

import time
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import structlog
from sqlalchemy import RowMapping, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from localai import SettingsError
from plugins.auth.records import Kind, Record
from plugins.auth.tables import changes

log = structlog.get_logger("auth")

KEEP_ENDED = 30 * 86_400
"""Seconds for which a record that has ended is held, so that its caller is told why."""
PARTITION = 25
"""Rows that are read between two turns of the event loop, in about a millisecond."""


class Change(NamedTuple):
    """What is new of one kind."""

    kind: Kind
    version: int
    is_whole: bool
    """Whether these are all records of this kind, instead of those that have changed."""
    records: Sequence[Record]


async def changed(
    connection: AsyncConnection, kinds: Iterable[Kind], seen: Mapping[str, int], most: int
) -> AsyncGenerator[Change, None]:
    """Yield what has changed since the versions that were `seen`, for each kind that has.

    Raises `SettingsError` when a kind has more than `most` records.
    """
    rows = await connection.execute(select(changes.c.kind, changes.c.version))
    versions = {row.kind: row.version for row in rows}
    for kind in kinds:
        version, before = versions.get(kind.name, 0), seen.get(kind.name)
        if version == before:
            continue
        # A number that fell is a database that was restored from a backup.
        if before is None or version < before:
            yield Change(kind, version, True, await _all(connection, kind, most))
        else:
            query = select(kind.table).where(kind.table.c.version > before)
            yield Change(kind, version, False, await _records(connection, kind, query))


async def _all(connection: AsyncConnection, kind: Kind, most: int) -> list[Record]:
    now = time.time()
    for since in (now - KEEP_ENDED, now):
        query = select(kind.table).where(kind.lives(since)).limit(most + 1)
        records = await _records(connection, kind, query)
        if len(records) <= most:
            return records
    raise SettingsError(
        f"the database has more than {most} {kind.name}, too many to hold in memory: "
        "revoke those that nobody needs"
    )


async def _records(
    connection: AsyncConnection, kind: Kind, query: Select[tuple[Any, ...]]
) -> list[Record]:
    result = await connection.stream(query)
    records: list[Record] = []
    async for rows in result.mappings().partitions(PARTITION):
        records += _read(kind, rows)
    return records


def _read(kind: Kind, rows: Iterable[RowMapping]) -> list[Record]:
    """Make records; a row that can't be read is left out, so nobody can call by it."""
    records = []
    for row in rows:
        try:
            records.append(kind.read(row))
        except ValueError as error:
            name = str(row[kind.table.primary_key.columns[0]])
            log.error("a row can't be read", id=kind.prefix + name, reason=str(error))
    return records
