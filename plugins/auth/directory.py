"""All keys and users in memory, as the database has them: a request costs no query.

One directory serves all plugins of a process that use the same database. With SQLite a look at
the file says, at each request, whether another process has written; with PostgreSQL the directory
asks every two seconds. A database that is away is bridged for some minutes, then nobody is let in.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

import structlog

from localai import Database, SettingsError, Unavailable
from plugins.auth.keys.record import KEYS
from plugins.auth.lineage import stand
from plugins.auth.records import Kind, Record, Standing
from plugins.auth.replica import KEEP_ENDED, Change, changed
from plugins.auth.tables import prepare
from plugins.auth.tokens.user import USERS

log = structlog.get_logger("auth")

KINDS: tuple[Kind, ...] = (KEYS, USERS)

MAX_RECORDS = 200_000
"""Most keys and users, some 200 MB; more belong into a directory server."""
PATIENCE = 0.5
"""Seconds that a request waits for what is new, before it goes on with what is known."""
PATIENCE_OPEN = 5.0
"""The same for callers without a key while nobody has one: what is known will not do for them."""
LOOK_EVERY = 0.001
"""Seconds between two looks at SQLite's file."""
ASKS = 20
"""Times a second that the database is asked on behalf of callers that nobody here knows."""
FORGET_EVERY = 60.0
"""Seconds between two looks for records that have ended long ago."""


class Directory:
    """The records of one database. Made by `directory_of`."""

    def __init__(
        self,
        database: Database,
        *,
        kinds: Sequence[Kind] = KINDS,
        max_records: int = MAX_RECORDS,
        refresh: float = 2.0,
        cache_time: float = 300.0,
    ) -> None:
        self.database = database
        self.refresh = refresh
        """Seconds between two looks at the database."""
        self.cache_time = cache_time
        """Seconds that records are believed while the database does not answer."""
        self._kinds = kinds
        self._max_records = max_records
        self._records: dict[str, Record] = {}
        self._versions: dict[str, int] = {}
        self._epoch = 0
        """Grows when a record changes; what was worked out before is worked out again."""
        self._begun_at = self._read_at = -math.inf
        """By the monotonic clock: the last time that it was begun, and done, to read."""
        self._stamp: object = None
        self._failed = False
        self._looked_at = -math.inf
        self._asks = float(ASKS)
        self._asked_at = 0.0
        self._reading = asyncio.Lock()
        self._starting = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._records)

    @property
    def is_full(self) -> bool:
        """Whether there are as many records as a start would read."""
        return len(self._records) >= self._max_records

    @property
    def age(self) -> float:
        """Seconds since the records were last read."""
        return time.monotonic() - self._read_at

    # ---- for each request

    def is_behind(self) -> bool:
        """Say whether another process may have written since the records were read; SQLite only.

        A look at the file takes as long as all else that a known key costs: once a millisecond.
        """
        now = time.monotonic()
        if now - self._looked_at < LOOK_EVERY:
            return False
        self._looked_at = now
        return bool(self.database.stamp() != self._stamp)

    def get(self, id: str) -> Record | None:
        """Return the record of a principal's id."""
        return self._records.get(id)

    def keeps(self, id: str) -> bool:
        """Say whether records of this kind of id are held here."""
        return id.startswith(tuple(kind.prefix for kind in self._kinds))

    def standing(self, record: Record, now: float) -> Standing:
        """Return who a record stands for; raise `Unauthenticated` that says why it does not.

        `now` is the time by the clock on the wall.
        """
        known = record.standing
        if known is not None and known.epoch == self._epoch and now < known.until:
            return known
        return stand(record, self._records, self._epoch, now)

    @property
    def is_claimed(self) -> bool:
        """Whether there was ever a key or a user."""
        return any(self._versions.values())

    def check_age(self) -> None:
        """Raise `Unavailable` when the database has been silent for too long."""
        if self.age > self.cache_time:
            raise _unavailable()

    async def catch_up(self, patience: float = PATIENCE) -> None:
        """Read what another process may have written; go on without when that takes too long."""
        if self._failed:
            return  # the task tries again, and no request should wait for that
        try:
            async with asyncio.timeout(patience):
                await self.read()
        except (TimeoutError, Unavailable):
            self._failed = True

    async def look_again(self, patience: float = PATIENCE) -> None:
        """Read what is new, for a caller that nobody here knows: the key may be a moment old.

        A flood of such callers asks PostgreSQL `ASKS` times a second, all together, and SQLite
        not at all while its file is the same.
        """
        stamp = self.database.stamp()
        if stamp is not None:
            if stamp != self._stamp:
                await self.catch_up(patience)
            return
        now = time.monotonic()
        self._asks = min(ASKS, self._asks + (now - self._asked_at) * ASKS)
        self._asked_at = now
        if self._asks >= 1:
            self._asks -= 1
            await self.catch_up(patience)

    async def is_unclaimed(self) -> bool:
        """Say whether there was never a key or user, so that this machine's callers need none.

        Raises `Unavailable` while the database does not say so: an open door is not bridged.
        """
        if self.is_claimed:
            return False
        await self.look_again(PATIENCE_OPEN)
        if self._failed:
            raise _unavailable()
        return not self.is_claimed

    # ---- reading

    async def read(self) -> None:
        """Read what has changed, with everything that is written when this is called.

        Raises `Unavailable`.
        """
        called_at = time.monotonic()
        async with self._reading:
            if self._begun_at > called_at and self._read_at == self._begun_at:
                return  # others who waited for the lock were served by the first of them
            self._begun_at = time.monotonic()
            stamp = self.database.stamp()
            async with (
                self.database.read() as connection,
                aclosing(
                    changed(connection, self._kinds, self._versions, self._max_records)
                ) as changes,
            ):
                found = [change async for change in changes]
            for change in found:
                self._take(change)
            self._stamp = stamp
            self._read_at = self._begun_at
            self._failed = False

    def _take(self, change: Change) -> None:
        if change.is_whole:
            for id in [id for id in self._records if id.startswith(change.kind.prefix)]:
                del self._records[id]
        for record in change.records:
            self._records[record.id] = record
        self._versions[change.kind.name] = change.version
        self._epoch += 1

    async def _forget(self, now: float) -> None:
        """Drop what has ended long ago, and all that has ended if there is too much."""
        for since in (now - KEEP_ENDED, now):
            for position, record in enumerate(tuple(self._records.values())):
                ended = record.ended(now)
                if ended is not None and ended[0] < since:
                    self._records.pop(record.id, None)
                if position % 1000 == 0:
                    await asyncio.sleep(0)
            if not self.is_full:
                return
        log.error("there are too many keys and users: revoke some", records=len(self._records))

    # ---- life

    async def start(self) -> None:
        """Make the tables, read all, and follow; raise `SettingsError` when that can't be."""
        async with self._starting:
            if self._task is None:
                try:
                    await prepare(self.database)
                    await self.read()
                except Unavailable as error:
                    raise SettingsError(
                        f"{error.message}; [database] url says where it is, and the log why"
                    ) from error
                self._task = asyncio.create_task(self._follow(), name="follow the database")

    async def stop(self) -> None:
        """Follow no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _follow(self) -> None:
        forgotten_at = time.monotonic()
        while True:
            await asyncio.sleep(self.refresh)
            try:
                await self.read()
                if time.monotonic() - forgotten_at > FORGET_EVERY:
                    forgotten_at = time.monotonic()
                    await self._forget(time.time())
            except Unavailable:
                self._failed = True  # the database itself writes to the log
            except Exception:
                log.exception("keys and users can't be read")


_shared: dict[Database, Directory] = {}
_users: dict[Database, int] = {}


@asynccontextmanager
async def directory_of(
    database: Database, *, refresh: float | None = None, cache_time: float | None = None
) -> AsyncIterator[Directory]:
    """Share the directory of a database; the first to ask starts it, the last one stops it.

    Raises `SettingsError` when the database does not answer.
    """
    directory = _shared.setdefault(database, Directory(database))
    if refresh is not None:
        directory.refresh = refresh
    if cache_time is not None:
        directory.cache_time = cache_time
    _users[database] = _users.get(database, 0) + 1
    try:
        await directory.start()
        yield directory
    finally:
        _users[database] -= 1
        if not _users[database]:
            del _shared[database], _users[database]
            await directory.stop()


def _unavailable() -> Unavailable:
    return Unavailable(
        "keys can't be checked, as the router's database does not answer: try again", retry_after=5
    )
