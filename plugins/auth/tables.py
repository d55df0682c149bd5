"""The tables of the family, as SQLAlchemy Core sees them; `migrations/` makes them.

Moments are seconds since 1970 (UTC). Keys and users are never deleted: what is revoked stays on
record. Every write of a row that routers hold in memory takes a number from `changes` in the same
transaction and notes it in the row; by it they see what is new.
"""

from pathlib import Path

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    Index,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    event,
    func,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from localai import Database

MIGRATIONS = Path(__file__).parent / "migrations"
KINDS = ("keys", "users")
"""Rows that routers hold in memory."""

metadata = MetaData()

_JSON = JSON(none_as_null=True)

changes = Table(
    "changes",
    metadata,
    Column("kind", String(16), primary_key=True),
    # 0 until the first row of this kind was ever written.
    Column("version", BigInteger, nullable=False),
)

fingerprints = Table(
    "fingerprints",
    metadata,
    # What a secret file's content is known by, so that the wrong file is noticed at the start.
    Column("name", String(32), primary_key=True),
    Column("digest", LargeBinary, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    Column("kid", String(10), primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    # The secret before the last rotation, which works until `old_expires_at`.
    Column("old_digest", LargeBinary),
    Column("old_expires_at", Double),
    Column("hint", String(4), nullable=False),
    Column("name", String(64), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("tenant", String(64), nullable=False),
    Column("scopes", _JSON, nullable=False),
    Column("models", _JSON),
    Column("tools", _JSON),
    Column("limits", _JSON),
    Column("budgets", _JSON, nullable=False),
    # "key:<kid>" or "user:<name>"; none for keys made on the command line.
    Column("parent", String(80)),
    Column("forwards_users", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("revoked_at", Double),
    Column("last_used_at", Double),
    Column("version", BigInteger, nullable=False),
    Index("keys_by_version", "version"),
    Index("keys_by_parent", "parent"),
    Index("keys_by_age", "created_at", "kid"),
)


spending = Table(
    "spending",
    metadata,
    # "key:<kid>", "user:<name>" or "static:<name>"; by rules "user <name>" and "tenant <name>".
    Column("subject", Text, primary_key=True),
    Column("unit", String(16), primary_key=True),
    Column("period", String(8), primary_key=True),
    Column("period_start", BigInteger, primary_key=True, autoincrement=False),
    # What was taken, and what running answers have reserved.
    Column("amount", Double, nullable=False),
    Index("spending_by_age", "period_start"),
)

users = Table(
    "users",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("full_name", String(128), nullable=False),
    Column("email", String(254), nullable=False),
    Column("tenant", String(64), nullable=False),
    Column("scopes", _JSON, nullable=False),
    Column("models", _JSON),
    Column("tools", _JSON),
    Column("limits", _JSON),
    Column("budgets", _JSON, nullable=False),
    # Argon2id with its salt and cost.
    Column("password", Text, nullable=False),
    # Random, and another one when all tokens so far shall end: a new password, a locked account.
    Column("stamp", String(32), nullable=False),
    # Sessions whose access tokens could still count, with the moment of their end.
    Column("ended", _JSON, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("disabled_at", Double),
    Column("removed_at", Double),
    Column("version", BigInteger, nullable=False),
    Index("users_by_version", "version"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", String(32), primary_key=True),
    # Name of the user, and the user's stamp at the login.
    Column("user", String(64), nullable=False),
    Column("stamp", String(32), nullable=False),
    # Of the refresh token that counts; each use puts another one here.
    Column("digest", LargeBinary, nullable=False),
    # The scopes that the login asked for; none for all that the user has.
    Column("scope", Text),
    Column("created_at", Double, nullable=False),
    Column("used_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Index("sessions_by_user", "user", "created_at"),
    Index("sessions_by_end", "expires_at"),
)


@event.listens_for(changes, "after_create")
def _begin(_: Table, connection: Connection, **__: object) -> None:
    connection.execute(changes.insert(), [{"kind": kind, "version": 0} for kind in KINDS])


async def prepare(database: Database) -> None:
    """Make the tables, or bring them up to date; raise `SettingsError`, `Unavailable`."""
    await database.prepare("auth", MIGRATIONS, metadata)


async def is_unclaimed(database: Database) -> bool:
    """Say whether there was never a key or user."""
    async with database.read() as connection:
        return not (await connection.execute(select(func.sum(changes.c.version)))).scalar()


async def next_version(connection: AsyncConnection, kind: str) -> int:
    """Take the number of a change to rows of a kind; writers of that kind wait for each other.

    So numbers appear in their order: whoever sees one sees all changes up to it.
    """
    statement = (
        update(changes)
        .where(changes.c.kind == kind)
        .values(version=changes.c.version + 1)
        .returning(changes.c.version)
    )
    version: int = (await connection.execute(statement)).scalar_one()
    return version
