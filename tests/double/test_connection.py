"""What happens on a connection: recording, keep-alive, leaving, stopping."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from tests.double import OllamaDouble, Script

CHAT = b'{"model":"tiny","messages":[{"role":"user","content":"Hi"}]}'


def request(body: bytes, *headers: str, path: str = "/api/chat") -> bytes:
    """Write a request by hand."""
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", *headers, f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def test_everything_received_is_kept(double: OllamaDouble) -> None:
    """Headers keep their case, order and duplicates, and the body its bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", double.port)
    writer.write(request(b"{ }", "X-A: 1", "x-a: 2", "Connection: close", path="/api/show?q=1"))
    await reader.read()
    writer.close()
    (received,) = double.received
    assert (received.method, received.path, received.query) == ("POST", "/api/show", "q=1")
    assert received.headers[1:3] == [(b"X-A", b"1"), (b"x-a", b"2")]
    assert (received.header("X-a"), received.header("cookie")) == ("1", None)
    assert (received.body, received.json, received.status) == (b"{ }", {}, 400)
    assert received.finished.is_set()
    assert not received.disconnected.is_set()


async def test_the_head_has_gos_order(double: OllamaDouble) -> None:
    """An answer starts with type, date and length, in this order."""
    reader, writer = await asyncio.open_connection("127.0.0.1", double.port)
    writer.write(b"GET /api/version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    head = (await reader.read()).partition(b"\r\n\r\n")[0].split(b"\r\n")
    writer.close()
    names = [line.partition(b":")[0] for line in head]
    assert names == [
        b"HTTP/1.1 200 OK",
        b"Content-Type",
        b"Date",
        b"Content-Length",
        b"Connection",
    ]


async def test_a_long_plain_answer_is_chunked(http: httpx.AsyncClient) -> None:
    """A body beyond Go's buffer has chunks instead of a length."""
    answer = await http.get("/api/tags")
    assert len(answer.content) > 2048
    assert answer.headers["transfer-encoding"] == "chunked"


async def test_requests_share_a_connection(double: OllamaDouble) -> None:
    """A second request, even one sent too early, is answered on the same connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", double.port)
    writer.write(request(CHAT) + request(CHAT, "Connection: close"))
    body = await reader.read()
    writer.close()
    assert body.count(b"HTTP/1.1 200 OK") == 2
    assert body.count(b"0\r\n\r\n") == 2


async def test_a_client_may_wait_for_permission(double: OllamaDouble) -> None:
    """A body that waits for `100 Continue` gets it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", double.port)
    whole = request(CHAT, "Expect: 100-continue", "Connection: close")
    head, _, body = whole.partition(b"\r\n\r\n")
    writer.write(head + b"\r\n\r\n")
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    assert b" 200 OK" in await reader.readline()
    writer.close()


async def test_nonsense_is_refused(double: OllamaDouble) -> None:
    """Bytes that are no HTTP get a 400 and the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", double.port)
    writer.write(b"hello\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    writer.close()


async def test_a_leaving_peer_is_noticed_without_a_token(double: OllamaDouble) -> None:
    """The peer's leaving ends the answer at once, though the next token never comes."""
    double.script(Script(gate=asyncio.Event(), gate_at=2))
    reader, writer = await asyncio.open_connection("127.0.0.1", double.port)
    writer.write(request(CHAT))
    await reader.readuntil(b" from")
    writer.close()
    (received,) = double.received
    async with asyncio.timeout(5):
        await received.finished.wait()
    assert received.disconnected.is_set()
    assert (received.tokens_sent, received.told, received.status) == (2, None, 200)
    assert not double.loaded["tiny:latest"].users


async def test_a_whole_answer_is_no_disconnect(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """A peer that leaves after the answer has not left early."""
    await http.post("/api/chat", content=CHAT)
    await http.aclose()
    (received,) = double.received
    await received.finished.wait()
    assert not received.disconnected.is_set()
    assert (received.tokens_sent, received.told) == (8, (1, 8))


async def test_what_was_told_is_noted(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """Streamed or not, for texts and embeddings, the counts that were sent are in the record."""
    asked: list[tuple[str, Any]] = [
        ("/api/chat", json.loads(CHAT) | {"stream": False}),
        ("/api/generate", {"model": "tiny", "prompt": "a b c"}),
        ("/api/embed", {"model": "tiny-embed", "input": ["a b", "c"]}),
        ("/api/chat", {"model": "none"}),
        ("/api/tags", None),
    ]
    for path, body in asked:
        await http.request("POST" if body else "GET", path, json=body)
    assert [each.told for each in double.received] == [(1, 8), (3, 8), (3, 0), None, None]


async def test_the_server_can_go_and_come_back(double: OllamaDouble) -> None:
    """A stopped double refuses connections, cuts streams, and returns on its port."""
    double.script(Script(gate=asyncio.Event(), gate_at=1))
    url = double.url
    async with httpx.AsyncClient(base_url=url) as http:
        task = asyncio.create_task(http.post("/api/chat", content=CHAT))
        (received,) = await double.wait_for(1)
        await received.started.wait()
        await double.stop()
        with pytest.raises(httpx.RemoteProtocolError):
            await task
        with pytest.raises(httpx.ConnectError):
            await http.get("/")
        await double.start()
        assert (await http.get("/")).status_code == 200
    assert (double.url, double.loaded) == (url, {})
