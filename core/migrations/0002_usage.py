"""What the ledger writes beside tokens: times, attempts, energy, and what the cache saved."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

TEXTS = ("route", "host", "cache", "energy_source")
COUNTS = ("attempts", "saved_prompt_tokens", "saved_completion_tokens")
AMOUNTS = (
    *("seconds", "waited", "load_seconds", "saved_seconds"),
    *("grams", "saved_wh", "saved_money"),
)


def upgrade() -> None:
    """Add the columns; of rows that are there already, what is not known is empty or 0."""
    for name in TEXTS:
        _add(name, sa.Text(), sa.text("''"))
    for name in COUNTS:
        _add(name, sa.BigInteger(), sa.text("0"))
    for name in AMOUNTS:
        _add(name, sa.Double(), sa.text("0"))
    op.add_column("usage", sa.Column("first_token", sa.Double(), nullable=True))
    op.execute("UPDATE usage SET cache = 'hit' WHERE cached")
    op.drop_column("usage", "cached")


def _add(name: str, kind: sa.types.TypeEngine[Any], default: sa.TextClause) -> None:
    column = sa.Column(name, kind, nullable=False, server_default=default)
    op.add_column("usage", column)
