"""The table of usage, and the quickest way into it that each database has."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog
from msgspec.structs import asdict, astuple
from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, MetaData, Table, Text
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from core.database import Database
from core.usage import Usage

log = structlog.get_logger("usage")

FAMILY = "core"
MIGRATIONS = Path(__file__).parent / "migrations"

USAGE = Table(
    "usage",
    MetaData(),
    # Given by the process that writes the row: written twice, it is there once.
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    Column("at", Double, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("prompt_tokens", BigInteger, nullable=False),
    Column("completion_tokens", BigInteger, nullable=False),
    Column("gpu_seconds", Double, nullable=False),
    Column("wh", Double, nullable=False),
    Column("money", Double, nullable=False),
    Column("cached", Boolean, nullable=False),
    Column("outcome", Text, nullable=False),
    Index("usage_tenant_at", "tenant", "at"),
    Index("usage_key_at", "key", "at"),
    Index("usage_at", "at"),
)

_TYPES = {float: "double precision", int: "bigint", bool: "boolean", str: "text"}
_COLUMNS = ", ".join(f'"{name}"' for name in Usage.__struct_fields__)
_TYPED = ", ".join(f'"{name}" {_TYPES[kind]}' for name, kind in Usage.__annotations__.items())
_MARKS = ", ".join("?" for _ in ("id", *Usage.__struct_fields__))

SQLITE_INSERT = f'INSERT INTO usage ("id", {_COLUMNS}) VALUES ({_MARKS}) ON CONFLICT DO NOTHING'
POSTGRES_INSERT = f"""
INSERT INTO usage ("id", {_COLUMNS})
SELECT %s + n - 1, {_COLUMNS}
FROM ROWS FROM (json_to_recordset(%s) AS ({_TYPED})) WITH ORDINALITY AS r({_COLUMNS}, n)
ON CONFLICT DO NOTHING
"""


async def write(database: Database, first: int, rows: Sequence[Usage]) -> None:
    """Write rows with the ids from `first` on; those that are there already stay as they are.

    A row that the database can't take, such as one with a number beyond 64 bits, is left out.
    """
    try:
        async with database.write() as connection:
            await insert(connection, first, rows)
    except (DataError, IntegrityError, OverflowError, ValueError) as error:
        if len(rows) == 1:
            reason = type(error).__name__
            log.error("a row of usage can't be kept", request_id=rows[0].request_id, reason=reason)
            return
        half = len(rows) // 2
        await write(database, first, rows[:half])
        await write(database, first + half, rows[half:])


async def insert(connection: AsyncConnection, first: int, rows: Sequence[Usage]) -> None:
    """Write rows in one statement.

    A row costs 14 us with SQLite and 3 us with PostgreSQL; by SQLAlchemy's `insert` it would be
    23 and 44.
    """
    if connection.dialect.name == "sqlite":
        values = [(number, *astuple(row)) for number, row in enumerate(rows, start=first)]
        await connection.exec_driver_sql(SQLITE_INSERT, values)
        return
    document = msgspec.json.encode(rows)
    if rb"\u0000" in document:  # PostgreSQL's texts can't hold it
        document = msgspec.json.encode([_without_nul(row) for row in rows])
    await connection.exec_driver_sql(POSTGRES_INSERT, (first, document.decode()))


def _without_nul(row: Usage) -> dict[str, object]:
    return {
        name: value.replace("\0", "") if isinstance(value, str) else value
        for name, value in asdict(row).items()
    }
