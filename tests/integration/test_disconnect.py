"""When a client leaves, Ollama stops: measured over real sockets."""

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter

import pytest

from tests.double import OllamaDouble, Received, Script
from tests.integration.raw import Connection
from tests.support import Router

LIMIT = 0.1
"""Seconds within which Ollama must see that its client has gone."""
TRIES = 5
"""A machine that is busy may be late; one try of these has to be in time."""

CHAT = {"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}


async def _chat(double: OllamaDouble, number: int) -> Received:
    """Wait for the first chat among what the router sends, from a number on."""
    while True:
        await double.wait_for(number)
        if double.received[number - 1].path == "/api/chat":
            return double.received[number - 1]
        number += 1


async def _seconds(client: Connection, received: Received) -> float:
    """Have a client leave, and return how long it takes until Ollama sees it."""
    client.leave()
    left = perf_counter()
    async with asyncio.timeout(5):
        await received.disconnected.wait()
    return perf_counter() - left


async def _in_time(leave: Callable[[], Awaitable[float]]) -> bool:
    for _ in range(TRIES):
        if await leave() < LIMIT:
            return True
    return False


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/chat"])
async def test_leaving_a_stream_ends_the_upstream_call(
    router: Router, double: OllamaDouble, path: str
) -> None:
    """A client that leaves in the middle of a stream frees Ollama within 100 ms."""

    async def leave() -> float:
        double.script(Script(tokens=["word "] * 1000, pace=0.01))
        client = await Connection.post(router.url, path, {**CHAT, "stream": True})
        assert await client.head() == 200
        async for _ in client.pieces():
            break
        return await _seconds(client, double.received[-1])

    assert await _in_time(leave)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/chat"])
async def test_leaving_a_plain_answer_ends_the_upstream_call(
    router: Router, double: OllamaDouble, path: str
) -> None:
    """A client that leaves while a plain answer is being made frees Ollama within 100 ms."""

    async def leave() -> float:
        following = len(double.received) + 1
        double.script(Script(gate=asyncio.Event()))
        client = await Connection.post(router.url, path, {**CHAT, "stream": False})
        return await _seconds(client, await _chat(double, following))

    assert await _in_time(leave)


async def test_leaving_while_blocked_in_send_ends_the_upstream_call(
    router: Router, double: OllamaDouble
) -> None:
    """A client that stops reading and then leaves frees Ollama within 100 ms."""

    async def leave() -> float:
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
        return await _seconds(client, received)

    assert await _in_time(leave)
