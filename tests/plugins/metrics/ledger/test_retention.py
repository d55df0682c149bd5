"""Old rows of usage, and how they go."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from structlog.testing import capture_logs

from core.usage import UsageLog
from core.usage_table import USAGE
from localai import Database
from plugins.metrics.ledger import retention
from plugins.metrics.ledger.retention import forget, forget_on
from tests.core.test_rows import row
from tests.servers.databases import database_at


def gateway_of(database: Database) -> Any:
    """Return what retention needs of a gateway."""
    return SimpleNamespace(database=database, usage=UsageLog(database))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the pauses short."""
    monkeypatch.setattr(retention, "FIRST", 0.0)
    monkeypatch.setattr(retention, "EVERY", 0.01)
    monkeypatch.setattr(retention, "SHORTEST", 0.0)
    monkeypatch.setattr(retention, "SHARE", 1.0)


async def write(gateway: Any, times: list[float]) -> None:
    """Write a row for each moment."""
    for number, at in enumerate(times):
        gateway.usage.record(row(number, at=at))
    await gateway.usage.flush()


async def left(database: Database) -> list[float]:
    """Return the moments of the rows that are there."""
    async with database.read() as connection:
        return list((await connection.execute(select(USAGE.c.at).order_by(USAGE.c.at))).scalars())


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(times=st.lists(st.floats(0, 100), max_size=12), before=st.floats(0, 100))
async def test_exactly_the_old_rows_go(
    times: list[float], before: float, database: Database
) -> None:
    """Whatever is there, what is older than the moment is gone, and all else stays."""
    gateway = gateway_of(database)
    counts: list[int] = []
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(retention, "ROWS", 3)
        await write(gateway, times)
        await forget(gateway, before, counts.append)
    assert await left(database) == sorted(at for at in times if at >= before)
    assert sum(counts) == sum(at < before for at in times)
    assert max(counts) <= 3
    async with database.write() as connection:
        await connection.execute(delete(USAGE))
    await gateway.usage.close()


async def test_two_routers_delete_each_row_once(database_url: str, tmp_path: Any) -> None:
    """What one of them deletes is none of the other's, and both come to an end."""
    databases = [database_at(database_url, tmp_path) for _ in range(2)]
    gateways = [gateway_of(each) for each in databases]
    await write(gateways[0], [float(number) for number in range(1500)])
    counts: list[int] = []
    both = (forget(each, 1400.0, counts.append) for each in gateways)
    async with asyncio.timeout(20):
        await asyncio.gather(*both)
    for gateway in gateways:
        await forget(gateway, 1400.0, counts.append)
    assert sum(counts) == 1400
    assert len(await left(databases[0])) == 100
    for gateway, database in zip(gateways, databases, strict=True):
        await gateway.usage.close()
        await database.close()


async def test_it_goes_on_after_a_failure(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that fails once is asked again at the next look, and the log says why."""
    gateway = gateway_of(database)
    await write(gateway, [1.0, time.time()])
    gone = asyncio.Event()
    looks = 0

    async def failing(*arguments: Any) -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise OSError("away")
        await forget(*arguments)

    monkeypatch.setattr(retention, "forget", failing)

    def note(count: int) -> None:
        if count:
            gone.set()

    with capture_logs() as logs:
        task = asyncio.create_task(forget_on(gateway, 3600.0, note))
        async with asyncio.timeout(30):
            await gone.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert [each["event"] for each in logs if each["log_level"] == "error"] == [
        "old rows of usage can't be deleted: it is tried again"
    ]
    assert len(await left(database)) == 1
    await gateway.usage.close()


async def test_who_writes_does_not_wait_for_it(database: Database) -> None:
    """While many thousand rows are deleted, those that are written come in between."""
    gateway = gateway_of(database)
    await write(gateway, [0.0] * 20_000)
    counts: list[int] = []
    deleting = asyncio.create_task(forget(gateway, 1.0, counts.append))
    begun = time.monotonic()
    slowest = 0.0
    written = 0
    while not deleting.done():
        began = time.monotonic()
        await write(gateway, [2.0])
        slowest = max(slowest, time.monotonic() - began)
        written += 1
    await deleting
    assert (sum(counts), max(counts)) == (20_000, retention.ROWS)
    assert written > 20
    assert slowest < max(0.5, (time.monotonic() - begun) / 3)
    assert await left(database) == [2.0] * written
    await gateway.usage.close()
