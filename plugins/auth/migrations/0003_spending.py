"""What callers have taken of their budgets."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "spending",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("unit", sa.String(16), primary_key=True),
        sa.Column("period", sa.String(8), primary_key=True),
        sa.Column("period_start", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("amount", sa.Double, nullable=False),
    )
    op.create_index("spending_by_age", "spending", ["period_start"])


def downgrade() -> None:
    """Drop the table: all budgets are whole again."""
    op.drop_table("spending")
