"""When a client leaves, Ollama stops: measured over real sockets."""

import asyncio
from time import perf_counter

import pytest

from tests.double import OllamaDouble, Received, Script
from tests.integration.raw import Connection
from tests.support import Router

LIMIT = 0.1
"""Seconds within which Ollama must see that its client has gone."""

CHAT = {"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}


async def _chat(double: OllamaDouble) -> Received:
    """Wait for the first chat among what the router sends."""
    number = 1
    while True:
        await double.wait_for(number)
        if double.received[number - 1].path == "/api/chat":
            return double.received[number - 1]
        number += 1


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/chat"])
async def test_leaving_a_stream_ends_the_upstream_call(
    router: Router, double: OllamaDouble, path: str
) -> None:
    """A client that leaves in the middle of a stream frees Ollama within 100 ms."""
    double.script(Script(tokens=["word "] * 1000, pace=0.01))
    client = await Connection.post(router.url, path, {**CHAT, "stream": True})
    assert await client.head() == 200
    async for _ in client.pieces():
        break
    received = double.received[-1]
    client.leave()
    left = perf_counter()
    async with asyncio.timeout(5):
        await received.disconnected.wait()
    assert perf_counter() - left < LIMIT


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/chat"])
async def test_leaving_a_plain_answer_ends_the_upstream_call(
    router: Router, double: OllamaDouble, path: str
) -> None:
    """A client that leaves while a plain answer is being made frees Ollama within 100 ms."""
    double.script(Script(gate=asyncio.Event()))
    client = await Connection.post(router.url, path, {**CHAT, "stream": False})
    received = await _chat(double)
    client.leave()
    left = perf_counter()
    async with asyncio.timeout(5):
        await received.disconnected.wait()
    assert perf_counter() - left < LIMIT


async def test_leaving_while_blocked_in_send_ends_the_upstream_call(
    router: Router, double: OllamaDouble
) -> None:
    """A client that stops reading and then leaves frees Ollama within 100 ms."""
    double.script(Script(tokens=["x" * 50_000] * 2_000))
    client = await Connection.post(
        router.url, "/api/chat", {**CHAT, "stream": True}, receive_buffer=1024
    )
    assert await client.head() == 200
    received = double.received[-1]
    sent = -1
    while sent != received.tokens_sent:  # until the pressure has reached Ollama
        sent = received.tokens_sent
        await asyncio.sleep(0.05)
    assert sent < 2_000
    client.leave()
    left = perf_counter()
    async with asyncio.timeout(5):
        await received.disconnected.wait()
    assert perf_counter() - left < LIMIT
