"""Old rows of usage are deleted a few at a time, so that nobody who writes waits for it.

Imported late: SQLAlchemy takes its time to load. Several routers on one database may do this at
once; what one deletes, the others do not see.
"""

import asyncio
import random
import time
from collections.abc import Callable

import structlog
from sqlalchemy import delete, select

from localai import Gateway

log = structlog.get_logger("ledger")

FIRST = 60.0
"""Seconds from the start until the first look: there is more to do then."""
EVERY = 3600.0
"""Seconds between two looks; give or take a quarter, so that routers do not look all at once."""
ROWS = 200
"""Rows that one transaction deletes: some milliseconds of the one writer that SQLite has."""
SHARE = 0.1
"""Most of the time that is spent on deleting while there is something to delete."""
SHORTEST = 0.05
"""Seconds of the pause between two transactions, at least."""


async def forget_on(gateway: Gateway, keep: float, note: Callable[[int], None]) -> None:
    """Delete what is older than `keep` seconds, again and again; `note` is told how many."""
    await asyncio.sleep(FIRST)
    while True:
        try:
            await forget(gateway, time.time() - keep, note)
        except Exception:
            log.exception("old rows of usage can't be deleted: it is tried again")
        await asyncio.sleep(EVERY * random.uniform(0.75, 1.25))  # noqa: S311


async def forget(gateway: Gateway, before: float, note: Callable[[int], None]) -> None:
    """Delete the rows of before a moment (seconds since 1970), the oldest first."""
    await gateway.usage.prepare()
    table = gateway.usage.table
    old = select(table.c.id).where(table.c.at < before).order_by(table.c.at).limit(ROWS)
    # What another router deletes just now is left to it; SQLite has no such thing, and one writer.
    some = delete(table).where(table.c.id.in_(old.with_for_update(skip_locked=True)))
    while True:
        began = time.monotonic()
        async with gateway.database.write() as connection:
            count = (await connection.execute(some)).rowcount
        note(count)
        if count < ROWS:
            return
        took = time.monotonic() - began
        await asyncio.sleep(max(SHORTEST, took / SHARE - took))
