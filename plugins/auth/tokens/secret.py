"""The secret that tokens are signed with: a file beside the database, never in it."""

import asyncio
import hashlib
from pathlib import Path

import structlog
from sqlalchemy import delete, insert, select

from localai import Database
from plugins.auth.secret_file import load_or_create
from plugins.auth.tables import fingerprints
from plugins.auth.tokens.own import derive

log = structlog.get_logger("tokens")

NAME = "tokens.secret"


async def load_secret(database: Database, file: Path) -> bytes:
    """Return the secret; the file is made on the first start.

    With another file than before everybody has to log in again, which is no reason not to start.
    But two routers on one database with two files would refuse each other's tokens: that is said.
    """
    secret = await asyncio.to_thread(load_or_create, file)
    fingerprint = hashlib.blake2b(derive(secret, b"fingerprint"), digest_size=32).digest()
    query = select(fingerprints.c.digest).where(fingerprints.c.name == NAME)
    async with database.read() as connection:
        before = (await connection.execute(query)).scalar()
    if before is not None and bytes(before) == fingerprint:
        return secret
    if before is not None:
        log.warning(
            "this secret is another one than before: users have to log in again; routers that "
            "share a database share this file too",
            file=str(file),
        )
    async with database.write() as connection:
        await connection.execute(delete(fingerprints).where(fingerprints.c.name == NAME))
        await connection.execute(insert(fingerprints).values(name=NAME, digest=fingerprint))
    return secret
