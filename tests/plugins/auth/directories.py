"""Directories that run on databases, for tests."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from localai import Database, Unauthenticated
from plugins.auth.directory import Directory
from plugins.auth.keys.store import KeyStore
from tests.plugins.auth.keys.support import PEPPER
from tests.servers.databases import database_at

NEVER = 1e6
"""Seconds between two looks of a directory that looks on demand only."""


@asynccontextmanager
async def following(
    database: Database, refresh: float = NEVER, **settings: Any
) -> AsyncIterator[tuple[Directory, KeyStore]]:
    """Run a directory of its own on a database; yield it and a store."""
    directory = Directory(database, refresh=refresh, **settings)
    await directory.start()
    try:
        yield directory, KeyStore(database, PEPPER)
    finally:
        await directory.stop()


@asynccontextmanager
async def at(url: str, folder: Path) -> AsyncIterator[Database]:
    """Open a database a second time, as another process would."""
    database = database_at(url, folder)
    try:
        yield database
    finally:
        await database.close()


async def until(condition: Callable[[], bool], seconds: float = 10) -> float:
    """Wait until something holds; return how long that took."""
    begun = time.monotonic()
    async with asyncio.timeout(seconds):
        while True:
            if condition():
                return time.monotonic() - begun
            await asyncio.sleep(0.005)


def stands(directory: Directory, id: str) -> bool:
    """Say whether whoever has this id may call."""
    record = directory.get(id)
    if record is None:
        return False
    try:
        directory.standing(record, time.time())
    except Unauthenticated:
        return False
    return True
