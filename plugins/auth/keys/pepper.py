"""The secret that keys are digested with: a file beside the database, never in it."""

import asyncio
import hashlib
import hmac
import time
from pathlib import Path

from sqlalchemy import delete, exists, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from localai import Database, SettingsError
from plugins.auth.keys.record import KEYS
from plugins.auth.secret_file import load_or_create
from plugins.auth.tables import changes, fingerprints, keys

NAME = "keys.pepper"


async def load_pepper(database: Database, file: Path) -> bytes:
    """Return the secret; the file is made on the first start.

    Raises `SettingsError` when the file is not the one that the database's keys were made with:
    lost, or never copied to this machine. All keys would be refused then, without a reason.
    """
    pepper = await asyncio.to_thread(load_or_create, file)
    fingerprint = hashlib.blake2b(b"fingerprint", key=pepper, digest_size=32).digest()
    async with database.read() as connection:
        if await _is_known(connection, fingerprint):
            return pepper
    async with database.write() as connection:
        # One process after the other: of two that start first, both must see one file.
        await connection.execute(
            select(changes).where(changes.c.kind == KEYS.name).with_for_update()
        )
        if await _is_known(connection, fingerprint):
            return pepper
        if await _has_keys(connection):
            raise SettingsError(
                f"{file} is not the file that the keys in the database were made with: bring that "
                "one back (routers that share a database share this file too), or give up all "
                "keys: localai keys revoke --all"
            )
        await connection.execute(delete(fingerprints).where(fingerprints.c.name == NAME))
        await connection.execute(insert(fingerprints).values(name=NAME, digest=fingerprint))
    return pepper


async def _is_known(connection: AsyncConnection, fingerprint: bytes) -> bool:
    query = select(fingerprints.c.digest).where(fingerprints.c.name == NAME)
    known = (await connection.execute(query)).scalar()
    return known is not None and hmac.compare_digest(bytes(known), fingerprint)


async def _has_keys(connection: AsyncConnection) -> bool:
    query = select(exists(select(keys.c.kid).where(KEYS.lives(time.time()))))
    return bool((await connection.execute(query)).scalar())
