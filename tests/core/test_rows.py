"""Rows: buffered, written in batches, and none lost; here those of usage."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import select, text
from structlog.testing import capture_logs

from core import rows, usage_table
from core.config import parse
from core.database import Database
from core.errors import SettingsError, Unavailable
from core.gateway import Gateway
from core.rows import BATCH
from core.usage import Usage, UsageLog
from core.usage_table import FAMILY, MIGRATIONS, USAGE
from tests.servers.databases import database_at
from tests.servers.postgres import Postgres

QUICK = "timeout = 0.3\n"


def row(number: int, **more: str | int | float) -> Usage:
    """Return what a request used; its number is in the id and the tokens."""
    fields = {
        "at": 1.5,
        "request_id": f"req_{number}",
        "tenant": "default",
        "key": "key:abc",
        "user": "anna",
        "model": "llama3.2",
        "kind": "chat",
        "completion_tokens": number,
    }
    return Usage(**(fields | more))  # type: ignore[arg-type]


async def written(database: Database) -> list[int]:
    """Return the numbers of the rows that are in the database."""
    await database.prepare(FAMILY, MIGRATIONS)
    async with database.read() as connection:
        tokens = USAGE.c.completion_tokens
        return list((await connection.execute(select(tokens).order_by(tokens))).scalars())


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> "asyncio.Queue[int]":
    """The sizes of the batches that were written, as they come."""
    sizes: asyncio.Queue[int] = asyncio.Queue()
    write = usage_table.write

    async def noting(database: Database, first: int, rows: Sequence[Usage]) -> None:
        await write(database, first, rows)
        sizes.put_nowait(len(rows))

    monkeypatch.setattr(usage_table, "write", noting)
    return sizes


async def test_rows_are_written_soon(
    database: Database, batches: "asyncio.Queue[int]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is recorded together is one batch, written by itself after `EVERY`."""
    monkeypatch.setattr(rows, "EVERY", 0.1)
    log = UsageLog(database)
    for number in range(3):
        log.record(row(number))
    assert await batches.get() == 3
    assert await written(database) == [0, 1, 2]
    assert log.waiting == 0
    log.record(row(3))
    assert await batches.get() == 1
    await log.close()


async def test_a_full_batch_does_not_wait(
    database: Database, batches: "asyncio.Queue[int]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as a batch is full it is written, and what comes with it too."""
    monkeypatch.setattr(rows, "EVERY", 60)
    log = UsageLog(database)
    for number in range(2 * BATCH + 7):
        log.record(row(number))
    assert [await batches.get() for _ in range(3)] == [BATCH, BATCH, 7]
    assert await written(database) == list(range(2 * BATCH + 7))
    await log.close()


async def test_flush_writes_all_at_once(
    database: Database, batches: "asyncio.Queue[int]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was recorded before a flush is in the database after it, whoever else flushes."""
    monkeypatch.setattr(rows, "EVERY", 60)
    log = UsageLog(database)
    await log.flush()
    for number in range(9):
        log.record(row(number))
    await asyncio.gather(*(log.flush() for _ in range(4)))
    assert await written(database) == list(range(9))
    assert batches.qsize() == 1
    await log.close()


async def test_the_end_writes_what_is_left(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing writes all rows at once; it is no end of recording."""
    monkeypatch.setattr(rows, "EVERY", 60)
    log = UsageLog(database)
    for turn in range(2):
        for number in range(600):
            log.record(row(600 * turn + number))
        await log.close()
        await log.close()
        assert await written(database) == list(range(600 * (turn + 1)))


async def test_a_gateway_writes_what_is_left_when_it_stops(tmp_path: Path) -> None:
    """What plugins record in their last moment is written before the database is closed."""
    toml = '[ollama]\nembedded = "always"\n[database]\nurl = "sqlite:localai.db"'
    settings = parse(toml, tmp_path / "localai.toml")
    gateway = Gateway(settings)
    await gateway.start()
    for number in range(3):
        gateway.usage.record(row(number))
    await gateway.stop()
    again = Database(settings)
    assert await written(again) == [0, 1, 2]
    await again.close()


async def test_no_row_is_lost_while_the_database_is_away(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows wait while the server is away, however often it goes, and each is written once."""
    monkeypatch.setattr(rows, "EVERY", 0.01)
    monkeypatch.setattr(rows, "MOST_WAIT", 0.05)
    database = database_at(postgres.url(), tmp_path, QUICK)
    log = UsageLog(database)
    for turn in range(3):
        for number in range(1500 * turn, 1500 * turn + 1499):
            log.record(row(number))
            if number % 100 == 0:
                await asyncio.sleep(0.002)
        postgres.stop()
        log.record(row(1500 * turn + 1499))
        with pytest.raises(Unavailable):
            await log.flush()
        assert log.waiting
        postgres.start()
    await log.flush()
    assert await written(database) == list(range(4500))
    await log.close()
    await database.close()


async def test_a_batch_is_not_written_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch whose success was not heard of is written again, and is there once."""
    write = usage_table.write
    outcomes: list[Exception | None] = [Unavailable("lost"), Unavailable("lost"), None]

    async def deaf(database: Database, first: int, rows: Sequence[Usage]) -> None:
        await write(database, first, rows)
        if outcome := outcomes.pop(0):
            raise outcome

    monkeypatch.setattr(usage_table, "write", deaf)
    monkeypatch.setattr(rows, "EVERY", 0.01)
    log = UsageLog(database)
    for number in range(5):
        log.record(row(number))
    await log.close()
    assert await written(database) == list(range(5))


async def test_a_flush_that_is_cancelled_loses_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever stops waiting for a flush leaves the rows to the next one."""
    monkeypatch.setattr(rows, "EVERY", 60)
    log = UsageLog(database)
    await log.prepare()
    for number in range(30):
        log.record(row(number))
        task = asyncio.create_task(log.flush())
        await asyncio.sleep(number / 5000)  # a flush takes some milliseconds
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await log.close()
    assert await written(database) == list(range(30))


async def test_the_buffer_is_bounded(
    database: Database, batches: "asyncio.Queue[int]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """When too many rows wait the oldest go, and the log says how many, once a minute."""
    monkeypatch.setattr(rows, "MOST_ROWS", 10)
    monkeypatch.setattr(rows, "EVERY", 0.01)
    log = UsageLog(database)
    with capture_logs() as logs:
        for turn in (0, 100):
            for number in range(turn, turn + 25):
                log.record(row(number))
            assert await batches.get() == 10
        await log.close()
    assert await written(database) == [*range(15, 25), *range(115, 125)]
    dropped = [each for each in logs if "dropped" in each["event"]]
    assert [(each["rows"], each["log_level"]) for each in dropped] == [(15, "error")]
    assert log.dropped == 30


async def test_the_end_does_not_wait_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the database stays away at the end, the log says how many rows are lost."""
    monkeypatch.setattr(rows, "END_TIMEOUT", 0.3)
    monkeypatch.setattr(rows, "EVERY", 0.01)
    database = database_at("sqlite:data/localai.db", tmp_path)
    (tmp_path / "data").write_text("in the way")
    log = UsageLog(database)
    for number in range(3):
        log.record(row(number))
    with capture_logs() as logs:
        await log.close()
    assert {"event": "rows are lost: the database is away", "rows": 3} in [
        {"event": each["event"], "rows": each.get("rows")} for each in logs
    ]
    await database.close()


async def test_tables_that_are_newer_are_left_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With tables of a later router rows wait, and the log says why."""
    monkeypatch.setattr(rows, "EVERY", 0.01)
    monkeypatch.setattr(rows, "END_TIMEOUT", 0.3)
    async with database.write() as connection:
        await connection.execute(text("CREATE TABLE alembic_version_core (version_num TEXT)"))
        await connection.execute(text("INSERT INTO alembic_version_core VALUES ('0999')"))
    log = UsageLog(database)
    with pytest.raises(SettingsError, match="revision 0999"):
        await log.prepare()
    with capture_logs() as logs:
        log.record(row(1))
        await log.close()
    assert logs[0]["event"] == "rows can't be written: it is tried again"
