"""One answer for several clients, over real sockets."""

import asyncio
from pathlib import Path
from typing import Any

import httpx

from tests.double import OllamaDouble, Script
from tests.integration.raw import Connection
from tests.support import routing, toml_for

CHAT: dict[str, Any] = {
    "model": "tiny",
    "messages": [{"role": "user", "content": "hi"}],
    "options": {"temperature": 0},
    "stream": True,
}
KEYS = """
[plugins.auth.static]
environment = ""
keys = [
    { name = "one", key = "key-of-one-0123456789", tenant = "one" },
    { name = "two", key = "key-of-two-0123456789", tenant = "two" },
]
"""


def chats(double: OllamaDouble) -> int:
    """Return how often the model was asked."""
    return sum(request.path == "/api/chat" for request in double.received)


async def test_a_client_that_never_reads_holds_nobody_up(
    double: OllamaDouble, tmp_path: Path
) -> None:
    """Who joins a client that does not read gets the whole answer; the silent one is told why."""
    double.script(Script(tokens=["x" * 1000] * 15_000))
    more = '[plugins.cache.exact]\njoin_buffer = "1MB"\n'
    async with routing(toml_for(double.url, "cache", more), tmp_path) as router:
        silent = await Connection.post(router.url, "/api/chat", CHAT, receive_buffer=1024)
        assert await silent.head() == 200
        async with (
            httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=60) as client,
            client.stream("POST", "/api/chat", json=CHAT) as answer,
        ):
            assert answer.headers["x-localai-cache"] == "join"
            lines = [line async for line in answer.aiter_lines()]
        assert len(lines) == 15_001
        assert '"done":true' in lines[-1]
        assert chats(double) == 1
        got = b"".join([piece async for piece in silent.pieces()])
        assert got.endswith(b'read faster, or send the request again"}\n')
        assert len(got) < 15_000_000
        silent.leave()


async def test_ollama_stops_when_the_last_of_several_has_left(
    double: OllamaDouble, tmp_path: Path
) -> None:
    """The first who leaves changes nothing; with the last one the connection to Ollama ends."""
    double.script(Script(tokens=["word "] * 1000, pace=0.01))
    async with routing(toml_for(double.url, "cache"), tmp_path) as router:
        clients = [await Connection.post(router.url, "/api/chat", CHAT) for _ in range(2)]
        for client in clients:
            assert await client.head() == 200
            async for _ in client.pieces():
                break
        (received,) = [request for request in double.received if request.path == "/api/chat"]
        clients[0].leave()
        async for _ in clients[1].pieces():
            if router.gateway.running == 1:
                break
        assert not received.disconnected.is_set()
        clients[1].leave()
        async with asyncio.timeout(5):
            await received.disconnected.wait()


async def test_tenants_share_neither_answers_nor_runs(double: OllamaDouble, tmp_path: Path) -> None:
    """The same question of two tenants at the same time is two runs, and two answers are kept."""
    double.script(Script(tokens=["one"], gate=(gate := asyncio.Event())))
    double.script(Script(tokens=["two"], gate=gate))
    async with (
        routing(toml_for(double.url, "auth cache", KEYS), tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False) as client,
    ):

        async def ask(tenant: str) -> str:
            headers = {"x-api-key": f"key-of-{tenant}-0123456789"}
            answer = await client.post("/api/chat", json=CHAT, headers=headers)
            assert answer.status_code == 200
            return str(answer.headers["x-localai-cache"])

        tasks = [asyncio.create_task(ask(tenant)) for tenant in ("one", "two", "one", "two")]
        async with asyncio.timeout(10):
            while router.gateway.running < 4 or chats(double) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        gate.set()
        found = await asyncio.gather(*tasks)
        assert found.count("miss") == 2
        assert chats(double) == 2
        assert [await ask("one"), await ask("two")] == ["hit", "hit"]
