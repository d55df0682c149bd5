"""Ending gracefully, over real sockets and real signals."""

import asyncio
import json
from pathlib import Path

import httpx

from tests.double import OllamaDouble, Script
from tests.integration.raw import Connection
from tests.support import Router, routing, toml_for

CHAT = {"model": "tiny", "messages": [{"role": "user", "content": "hi"}], "stream": True}


async def test_a_running_stream_finishes_and_new_requests_are_refused(
    double: OllamaDouble, tmp_path: Path
) -> None:
    """After SIGTERM readiness turns 503, new calls get 503, and the running stream ends well."""
    gate = asyncio.Event()
    double.script(Script(gate=gate, gate_at=2))
    toml = toml_for(double.url) + "[server]\nport = 0\ndrain_timeout = 10\n"
    async with routing(toml, tmp_path) as router:
        client = await Connection.post(router.url, "/v1/chat/completions", CHAT)
        assert await client.head() == 200
        router.server.leave("SIGTERM")
        await asyncio.sleep(0)
        async with httpx.AsyncClient(base_url=router.url) as others:
            ready = await others.get("/health/ready")
            live = await others.get("/health/live")
            refused = await others.post("/v1/chat/completions", json=CHAT)
        assert (ready.status_code, live.status_code, refused.status_code) == (503, 200, 503)
        assert refused.headers["retry-after"]
        gate.set()
        body = await client.rest()
        assert body.endswith(b"data: [DONE]\n\n")
        async with asyncio.timeout(5):
            await router.task
        client.leave()


async def test_a_stream_that_takes_too_long_ends_with_an_error_event(
    double: OllamaDouble, tmp_path: Path
) -> None:
    """At the end of drain_timeout a stream gets an error event, and no [DONE]."""
    double.script(Script(gate=asyncio.Event(), gate_at=2))
    toml = toml_for(double.url) + "[server]\nport = 0\ndrain_timeout = 0.2\n"
    async with routing(toml, tmp_path) as router:
        client = await Connection.post(router.url, "/v1/chat/completions", CHAT)
        assert await client.head() == 200
        router.server.leave("SIGTERM")
        body = await client.rest()
        event = json.loads(body.strip().rpartition(b"data: ")[2])
        assert event["error"]["code"] == "shutting_down"
        assert b"[DONE]" not in body
        async with asyncio.timeout(5):
            await router.task
        async with asyncio.timeout(5):
            await double.received[-1].disconnected.wait()
        client.leave()


async def test_a_second_signal_ends_at_once(router: Router, double: OllamaDouble) -> None:
    """A second signal does not wait for anybody."""
    double.script(Script(gate=asyncio.Event(), gate_at=2))
    client = await Connection.post(router.url, "/api/chat", CHAT)
    assert await client.head() == 200
    router.server.leave("SIGTERM")
    await asyncio.sleep(0)
    router.server.leave("SIGTERM")
    async with asyncio.timeout(2):
        await router.task
    client.leave()
