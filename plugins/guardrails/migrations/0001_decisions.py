"""What guards decided."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "guardrail_decisions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("request_id", "tenant", "key", "user", "model", "kind", "dialect")
        ),
        sa.Column("stream", sa.Boolean, nullable=False),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("guard", "rule", "action", "direction")
        ),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("hashes", sa.Text, nullable=False),
        sa.Column("score", sa.Double, nullable=True),
    )
    op.create_index("guardrail_decisions_at", "guardrail_decisions", ["at"])


def downgrade() -> None:
    """Drop the table, with all that is recorded."""
    op.drop_table("guardrail_decisions")
