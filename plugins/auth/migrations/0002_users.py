"""Users, and the sessions of those who have logged in."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    changes = sa.table("changes", sa.column("kind"), sa.column("version"))
    op.bulk_insert(changes, [{"kind": "users", "version": 0}])
    op.create_table(
        "users",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("full_name", sa.String(128), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("models", sa.JSON),
        sa.Column("tools", sa.JSON),
        sa.Column("limits", sa.JSON),
        sa.Column("budgets", sa.JSON, nullable=False),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("stamp", sa.String(32), nullable=False),
        sa.Column("ended", sa.JSON, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("disabled_at", sa.Double),
        sa.Column("removed_at", sa.Double),
        sa.Column("version", sa.BigInteger, nullable=False),
    )
    op.create_index("users_by_version", "users", ["version"])
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("user", sa.String(64), nullable=False),
        sa.Column("stamp", sa.String(32), nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("scope", sa.Text),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("used_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
    )
    op.create_index("sessions_by_user", "sessions", ["user", "created_at"])
    op.create_index("sessions_by_end", "sessions", ["expires_at"])


def downgrade() -> None:
    """Drop the tables, and all users with them."""
    for table in ("sessions", "users"):
        op.drop_table(table)
    op.execute("DELETE FROM changes WHERE kind = 'users'")
