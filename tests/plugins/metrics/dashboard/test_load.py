"""The page while the router is busy."""

import asyncio
import time
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from plugins.metrics.dashboard.plugin import Dashboard
from tests.plugins.metrics.dashboard.support import Watching, watching
from tests.plugins.routing.fleet import until
from tests.plugins.support import asking, serving

WANTED = 1000
"""Requests in a second."""
SECONDS = 3
VIEWERS = 8
CONNECTIONS = 16
CHAIN = "metrics auth guardrails routing cache"


class Load:
    """Asks the same over several connections, at a rate or as fast as the router answers."""

    def __init__(self, url: str) -> None:
        self._port = int(url.rpartition(":")[2])
        body = msgspec.json.encode(asking())
        self._request = (
            b"POST /api/chat HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n%b" % (len(body), body)
        )
        self.answered = 0

    async def run(self, seconds: float) -> None:
        """Ask for so long."""
        ends = time.monotonic() + seconds
        await asyncio.gather(*(self._ask(ends) for _ in range(CONNECTIONS)))

    async def _ask(self, ends: float) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        due = time.monotonic()
        while time.monotonic() < ends:
            writer.write(self._request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 "), head
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            await reader.readexactly(int(length))
            self.answered += 1
            due = max(due + CONNECTIONS / WANTED, time.monotonic() - 0.1)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        writer.close()


async def lag(worst: list[float]) -> None:
    """Note how late the event loop is."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(0.01)
        worst.append(time.monotonic() - before - 0.01)


async def test_the_page_is_told_each_second_while_the_router_is_busy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With 1,000 requests a second, or what this machine can do, no viewer misses a second."""
    async with serving(tmp_path, CHAIN) as (router, client):
        await client.post("/api/chat", json=asking())  # now it is in the cache
        times: list[list[float]] = [[] for _ in range(VIEWERS)]
        lags: list[float] = []

        async def watch(seen: list[float]) -> None:
            async with watching(client) as page:
                await _see(page, seen)

        async def _see(page: Watching, seen: list[float]) -> None:
            while True:
                await page.event("snapshot")
                seen.append(time.monotonic())

        tasks = [asyncio.create_task(watch(seen)) for seen in times]
        found = router.gateway.find(Dashboard)
        assert found is not None
        async with asyncio.timeout(30):
            await until(lambda: all(times))
        tasks.append(asyncio.create_task(lag(lags)))
        load = Load(router.url)
        await load.run(SECONDS)
        assert not any(task.done() for task in tasks)
        assert found._hub.viewers == VIEWERS
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        gaps = [after - before for seen in times for before, after in pairwise(seen)]
        lags.sort()
        told = {
            "requests_per_second": round(load.answered / SECONDS),
            "gaps": [round(min(gaps), 2), round(max(gaps), 2)],
            "lag_p99_ms": round(lags[int(0.99 * len(lags))] * 1000, 1),
            "lag_max_ms": round(lags[-1] * 1000, 1),
        }
        with capsys.disabled():
            print("\nthe page under load:", told)
        assert all(len(seen) >= SECONDS - 1 for seen in times)
        assert min(gaps) > 0.5
        assert max(gaps) < 1.5
        assert found._state.books.total >= load.answered
