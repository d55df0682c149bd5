"""The table of usage."""

from pathlib import Path

from sqlalchemy import BigInteger, Column, Double, Index, Integer, MetaData, Table, Text

from core.row_table import RowTable
from core.usage import Usage

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
    Column("route", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("cache", Text, nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("prompt_tokens", BigInteger, nullable=False),
    Column("completion_tokens", BigInteger, nullable=False),
    Column("saved_prompt_tokens", BigInteger, nullable=False),
    Column("saved_completion_tokens", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("first_token", Double, nullable=True),
    Column("waited", Double, nullable=False),
    Column("load_seconds", Double, nullable=False),
    Column("gpu_seconds", Double, nullable=False),
    Column("saved_seconds", Double, nullable=False),
    Column("wh", Double, nullable=False),
    Column("money", Double, nullable=False),
    Column("grams", Double, nullable=False),
    Column("energy_source", Text, nullable=False),
    Column("saved_wh", Double, nullable=False),
    Column("saved_money", Double, nullable=False),
    Index("usage_tenant_at", "tenant", "at"),
    Index("usage_key_at", "key", "at"),
    Index("usage_at", "at"),
)

METADATA = USAGE.metadata

_table = RowTable(USAGE.name, Usage)
write, insert = _table.write, _table.insert
