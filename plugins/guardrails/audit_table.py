"""The table `guardrail_decisions`. Imported on first use: SQLAlchemy takes its time to load."""

from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    delete,
    select,
)

from localai import Database, RowTable
from plugins.guardrails.audit_row import AuditRow

FAMILY = "guardrails"
MIGRATIONS = Path(__file__).parent / "migrations"
METADATA = MetaData()
MOST_FORGOTTEN = 1000
"""Rows that one transaction deletes, so that none holds up the others for long."""

_TYPES = {
    "at": Double,
    "stream": Boolean,
    "count": BigInteger,
    "score": Double,
}

DECISIONS = Table(
    "guardrail_decisions",
    METADATA,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
    *(
        Column(name, _TYPES.get(name, Text), nullable=name == "score")
        for name in AuditRow.__struct_fields__
    ),
    Index("guardrail_decisions_at", "at"),
)

write = RowTable(DECISIONS.name, AuditRow).write


async def forget(database: Database, before: float) -> int:
    """Delete rows of before a moment (seconds since 1970); return how many there were."""
    some = select(DECISIONS.c.id).where(DECISIONS.c.at < before).limit(MOST_FORGOTTEN)
    total = 0
    while True:
        async with database.write() as connection:
            gone = (
                await connection.execute(delete(DECISIONS).where(DECISIONS.c.id.in_(some)))
            ).rowcount
        total += gone
        if gone < MOST_FORGOTTEN:
            return total
