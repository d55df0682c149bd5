"""Keys, and the numbers by which routers see that something has changed."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    changes = op.create_table(
        "changes",
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.bulk_insert(changes, [{"kind": "keys", "version": 0}])
    op.create_table(
        "fingerprints",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "keys",
        sa.Column("kid", sa.String(10), primary_key=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("old_digest", sa.LargeBinary),
        sa.Column("old_expires_at", sa.Double),
        sa.Column("hint", sa.String(4), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("models", sa.JSON),
        sa.Column("tools", sa.JSON),
        sa.Column("limits", sa.JSON),
        sa.Column("budgets", sa.JSON, nullable=False),
        sa.Column("parent", sa.String(80)),
        sa.Column("forwards_users", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double),
        sa.Column("revoked_at", sa.Double),
        sa.Column("last_used_at", sa.Double),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.create_index("keys_by_version", "keys", ["version"])
    op.create_index("keys_by_parent", "keys", ["parent"])
    op.create_index("keys_by_age", "keys", ["created_at", "kid"])


def downgrade() -> None:
    """Drop the tables, and all keys with them."""
    for table in ("keys", "fingerprints", "changes"):
        op.drop_table(table)
