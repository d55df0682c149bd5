"""Which rows of usage are in the database when the router is ended by a signal."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from core.rows import EVERY
from core.usage_table import USAGE
from tests.core.cli.support import Serving, serving
from tests.double import OllamaDouble, Script
from tests.servers.databases import database_at

PAUSE = 0.05
"""Seconds between two requests of a client, in which the router may write."""
CHAT = {"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}
LATE = 1.5
"""Seconds that a busy machine may take to write a batch, beside the time that it is waited for."""


@asynccontextmanager
async def booking(
    folder: Path, database_url: str, double: OllamaDouble
) -> AsyncIterator[tuple[Serving, httpx.AsyncClient]]:
    """Run a router with the ledger as a process."""
    (folder / "localai.toml").write_text(
        f"""
[server]
port = 0
drain_timeout = "300ms"
[ollama]
hosts = ["{double.url}"]
embedded = "never"
[database]
url = "{database_url}"
[log]
format = "json"
[chain]
plugins = ["metrics.ledger", "cache.exact"]
"""
    )
    async with serving("-c", folder / "localai.toml", "serve") as router:
        url = (await router.until("ready"))["url"]
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as client:
            yield router, client


async def ask(client: httpx.AsyncClient, request_id: str, **more: Any) -> None:
    """Have a whole answer."""
    headers = {"x-request-id": request_id}
    answer = await client.post("/api/chat", json=CHAT | more, headers=headers)
    assert json.loads(answer.text.splitlines()[-1])["done"]


async def booked(database_url: str, folder: Path) -> dict[str, Any]:
    """Return the rows by their requests; each is there once, and SQLite's file is whole."""
    database = database_at(database_url, folder)
    async with database.read() as connection:
        rows = (await connection.execute(USAGE.select())).fetchall()
        if database.file is not None:
            assert (await connection.execute(text("PRAGMA integrity_check"))).scalar() == "ok"
    await database.close()
    found = {row.request_id: row for row in rows}
    assert len(found) == len(rows)
    return found


async def test_every_request_before_the_signal_is_kept(
    tmp_path: Path, database_url: str, double: OllamaDouble
) -> None:
    """What was answered when SIGTERM came is there, and what was cut off, with what was said."""
    gate = asyncio.Event()
    ids = [f"req-{number}" for number in range(12)]
    async with booking(tmp_path, database_url, double) as (router, client):
        await asyncio.gather(*(ask(client, each) for each in ids))
        double.script(Script(gate=gate, gate_at=3), Script(gate=gate, gate_at=5))

        async def cut(request_id: str, said: int, **more: Any) -> None:
            headers = {"x-request-id": request_id}
            body = CHAT | {"options": {"temperature": 0}} | more
            async with client.stream("POST", "/api/chat", json=body, headers=headers) as answer:
                lines = answer.aiter_lines()
                for _ in range(said):
                    await anext(lines)
                waiting.release()
                assert "shuts down" in [line async for line in lines][-1]

        waiting = asyncio.Semaphore(0)
        cuts = [asyncio.create_task(cut("cut", 3)), asyncio.create_task(cut("join", 3))]
        for _ in cuts:
            await waiting.acquire()
        router.process.send_signal(signal.SIGTERM)
        await asyncio.gather(*cuts)
        await router.process.communicate()
        assert router.process.returncode == 0
    rows = await booked(database_url, tmp_path)
    assert rows.keys() == {*ids, "cut", "join"}
    assert all(rows[each].completion_tokens == 8 for each in ids)
    ended = rows["cut"], rows["join"]
    assert [row.outcome for row in ended] == ["ShuttingDown"] * 2
    assert sorted((row.cache, row.completion_tokens) for row in ended) == [("join", 0), ("miss", 3)]


@pytest.mark.parametrize(
    "database_url",
    ["sqlite", pytest.param("postgresql", marks=pytest.mark.nightly)],
    indirect=True,
)
async def test_a_kill_takes_no_more_than_the_last_interval(
    tmp_path: Path, database_url: str, double: OllamaDouble
) -> None:
    """After kill -9 all is there but what ended just before, and the next router goes on."""
    answered: dict[str, float] = {}
    async with booking(tmp_path, database_url, double) as (router, client):

        async def keep_asking(name: str) -> None:
            number = 0
            while True:
                number += 1
                await ask(client, f"{name}-{number}", stream=bool(number % 2))
                answered[f"{name}-{number}"] = time.monotonic()
                begun.set()
                await asyncio.sleep(PAUSE)

        begun = asyncio.Event()
        clients = [asyncio.create_task(keep_asking(name)) for name in "abc"]
        await begun.wait()
        await asyncio.sleep(EVERY + LATE + PAUSE)
        killed = time.monotonic()
        router.process.kill()
        ends = await asyncio.gather(*clients, return_exceptions=True)
        assert all(isinstance(end, httpx.TransportError) for end in ends)
        await router.process.communicate()
    rows = await booked(database_url, tmp_path)
    safe = {each for each, at in answered.items() if at < killed - EVERY - LATE}
    assert safe
    assert safe <= rows.keys()
    async with booking(tmp_path, database_url, double) as (router, client):
        await ask(client, "after")
        router.process.send_signal(signal.SIGTERM)
        await router.process.communicate()
    assert (await booked(database_url, tmp_path)).keys() == rows.keys() | {"after"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_rows_wait_for_a_table_that_is_locked(
    tmp_path: Path, database_url: str, double: OllamaDouble
) -> None:
    """While somebody else writes to SQLite's file, nothing is lost, and answers do not wait."""
    async with booking(tmp_path, database_url, double) as (router, client):
        await ask(client, "before")
        other = database_at(database_url, tmp_path)
        async with other.write():
            await ask(client, "while")  # its row waits for us: if it did too, it would not come
            await asyncio.sleep(EVERY)
        await other.close()
        router.process.send_signal(signal.SIGTERM)
        await router.process.communicate()
    assert (await booked(database_url, tmp_path)).keys() == {"before", "while"}
