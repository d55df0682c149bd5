"""Rows for the database, written in batches by a task of their own.

Whoever has a row only puts it into a buffer. The database is opened with the first row.
"""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import Generic, TypeVar

import structlog
from msgspec import Struct
from msgspec.structs import asdict, replace

from core.database import Database
from core.errors import Unavailable
from core.redact import redact

log = structlog.get_logger("rows")

EVERY = 1.0
"""Seconds from the first row of a batch until it is written, unless it is full before."""
BATCH = 500
"""Most rows that are written at a time."""
MOST_ROWS = 100_000
"""Most rows that wait while the database is away: 10 minutes of 150 requests per second."""
MOST_WAIT = 30.0
"""Most seconds between two tries while the database is away."""
END_TIMEOUT = 10.0
"""Seconds for the last rows to be written at the end."""
REPORT_EVERY = 60.0
"""Seconds between two lines in the log about rows that were dropped."""
MOST_TEXT = 256
"""Most characters that are kept of a text: names come from callers."""

Row = TypeVar("Row", bound=Struct)


class RowLog(Generic[Row]):
    """A buffer of rows, and the task that writes them; no row is lost while the database is away.

    When more than `MOST_ROWS` wait, the oldest go. `module` describes the table: `FAMILY`,
    `MIGRATIONS` and `METADATA` for `Database.prepare`, and `write`, as of a `RowTable`. It is
    imported with the first row, because SQLAlchemy comes with it.
    """

    def __init__(self, database: Database, name: str, module: str) -> None:
        self._database = database
        self._name = name
        self._module_name = module
        self._rows: deque[Row] = deque(maxlen=MOST_ROWS)
        self._batch: Sequence[Row] = ()
        """Rows that are being written, `_next` is the id of their first."""
        self._next = secrets.randbits(62)
        self.dropped = 0
        """Rows that were lost because too many waited."""
        self._told = 0
        """How many of them the log has been told of."""
        self._reported = -REPORT_EVERY
        self._module: ModuleType | None = None
        self._turn = asyncio.Lock()
        self._some = asyncio.Event()
        self._full = asyncio.Event()
        self._closing = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """The number of rows that are not written yet."""
        return len(self._batch) + len(self._rows)

    def record(self, row: Row) -> None:
        """Note a row; 1 us."""
        rows = self._rows
        if len(rows) == MOST_ROWS:
            self.dropped += 1
        rows.append(row)
        waiting = len(rows)
        if waiting == 1:
            self._some.set()
            if self._writer is None:
                self._writer = asyncio.create_task(self._write(), name=self._name)
        elif waiting == BATCH:
            self._full.set()

    async def prepare(self) -> None:
        """Make the table; raise `SettingsError` when it is newer than the router."""
        table = await self._imported()
        await self._database.prepare(table.FAMILY, table.MIGRATIONS, table.METADATA)

    async def flush(self) -> None:
        """Write all that is recorded by now; raise `Unavailable` when the database is away."""
        table = await self._imported()
        async with self._turn:
            left = self.waiting
            while left > 0:
                if not self._batch:
                    size = min(BATCH, len(self._rows))
                    self._batch = [self._rows.popleft() for _ in range(size)]
                await self.prepare()
                # Tried again with the same ids after a failure whose outcome is not known.
                await table.write(self._database, self._next, self._batch)
                self._next += len(self._batch)
                left -= len(self._batch)
                self._batch = ()

    async def close(self) -> None:
        """Write what is left; it is lost when the database stays away for `END_TIMEOUT`."""
        if self._writer is None:
            return
        for event in (self._closing, self._some, self._full):
            event.set()
        try:
            async with asyncio.timeout(END_TIMEOUT):
                await self._writer
        except TimeoutError:
            log.error("rows are lost: the database is away", table=self._name, rows=self.waiting)
        finally:
            self._writer = None
            self._closing.clear()

    async def _imported(self) -> ModuleType:
        """Return the module of the table; with it comes SQLAlchemy, which takes its time."""
        if self._module is None:
            self._module = await asyncio.to_thread(import_module, self._module_name)
        return self._module

    async def _write(self) -> None:
        """Write batch after batch until the end."""
        delay = 0.0
        while self.waiting or not self._closing.is_set():
            if not self.waiting:
                self._some.clear()
                await self._some.wait()
            await self._pause(delay)
            try:
                await self.flush()
                delay = 0.0
            except Exception as error:
                delay = min(MOST_WAIT, delay * 2 or EVERY)
                if not isinstance(error, Unavailable):
                    log.exception("rows can't be written: it is tried again", table=self._name)
            self._report()

    async def _pause(self, delay: float) -> None:
        """Wait for a whole batch, or for the time until another try."""
        if self._closing.is_set():
            await asyncio.sleep(min(delay, EVERY))
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(delay or EVERY):
                await (self._closing if delay else self._full).wait()
        self._full.clear()

    def _report(self) -> None:
        now = time.monotonic()
        rows = self.dropped - self._told
        if rows and now - self._reported >= REPORT_EVERY:
            log.error("rows were dropped: the database is away", table=self._name, rows=rows)
            self._told = self.dropped
            self._reported = now


def cleaned(row: Row) -> Row:
    """Cut long texts, which keeps the buffer bounded in bytes, and what looks like a key."""
    texts = {name: value for name, value in asdict(row).items() if isinstance(value, str)}
    return replace(row, **{name: redact(value)[:MOST_TEXT] for name, value in texts.items()})
