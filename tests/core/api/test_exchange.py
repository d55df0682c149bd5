"""One exchange over real sockets: bodies with limits, and the three early ends."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from localai import Call, Chunk, Chunks, Handler, hookimpl
from tests.double import OllamaDouble, Received, Script, faults
from tests.support import Router, routing, toml_for

HI = [{"role": "user", "content": "hi"}]
AT_ONCE = 0.1
"""Seconds within which Ollama must see that the client has left."""


@pytest.fixture
async def http(router: Router) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the router."""
    async with httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=10) as client:
        yield client


def request(path: str, **body: Any) -> bytes:
    """Return the bytes of a request."""
    content = json.dumps({"model": "tiny", "messages": HI, "prompt": "hi"} | body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"content-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def connect(router: Router, receive_buffer: int = 0) -> socket.socket:
    """Return a raw connection to the router."""
    client = socket.socket()
    client.setblocking(False)
    if receive_buffer:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    host, port = router.url.removeprefix("http://").split(":")
    await asyncio.get_running_loop().sock_connect(client, (host, int(port)))
    return client


async def called(double: OllamaDouble, path: str) -> Received:
    """Wait for the next call of this path that is still running."""
    async with asyncio.timeout(5):
        seen = 0
        while True:
            for received in (await double.wait_for(seen + 1))[seen:]:
                seen += 1
                if received.path == path and not received.finished.is_set():
                    return received


# ---- clients that leave


@pytest.mark.parametrize("when", ["before the head", "mid-answer"])
@pytest.mark.parametrize(
    ("path", "upstream"),
    [
        ("/v1/chat/completions", "/api/chat"),
        ("/v1/completions", "/api/generate"),
        ("/api/chat", "/api/chat"),
        ("/api/generate", "/api/generate"),
    ],
)
async def test_a_stream_whose_client_leaves(
    router: Router, double: OllamaDouble, path: str, upstream: str, when: str
) -> None:
    """Ollama's connection is closed at once, whether tokens flow or not."""
    double.script(Script(fault=faults.Stall(2 if when == "mid-answer" else None)))
    client = await connect(router)
    loop = asyncio.get_running_loop()
    with client:
        await loop.sock_sendall(client, request(path, stream=True))
        received = await called(double, upstream)
        if when == "mid-answer":
            await loop.sock_recv(client, 100)
    async with asyncio.timeout(AT_ONCE):
        await received.disconnected.wait()


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/chat"])
async def test_a_plain_answer_whose_client_leaves(
    router: Router, double: OllamaDouble, path: str
) -> None:
    """Ollama need not finish an answer that nobody waits for."""
    double.script(Script(fault=faults.Stall()))
    with await connect(router) as client:
        await asyncio.get_running_loop().sock_sendall(client, request(path, stream=False))
        received = await called(double, "/api/chat")
    async with asyncio.timeout(AT_ONCE):
        await received.disconnected.wait()


async def test_an_embedding_whose_client_leaves(router: Router, double: OllamaDouble) -> None:
    """The same holds for embeddings."""
    double.fail(faults.Stall(), "/api/embed")
    with await connect(router) as client:
        await asyncio.get_running_loop().sock_sendall(client, request("/v1/embeddings", input="x"))
        received = await called(double, "/api/embed")
    async with asyncio.timeout(AT_ONCE):
        await received.disconnected.wait()


async def _blocked(router: Router) -> None:
    """Wait until the only exchange is blocked in a write to its client."""
    async with asyncio.timeout(10):
        steady = 0
        since = None
        while steady < 20:
            await asyncio.sleep(0.005)
            blocked = [each._blocked_since for each in router.gateway.current.exchanges]
            steady = steady + 1 if blocked and blocked[0] and blocked[0] == since else 0
            since = blocked[0] if blocked else None


async def test_a_client_that_leaves_while_it_does_not_read(
    router: Router, double: OllamaDouble
) -> None:
    """Also an exchange that is blocked in a write ends when its client goes."""
    double.script(Script(tokens=["x" * 50_000] * 2000))
    with await connect(router, receive_buffer=4096) as client:
        await asyncio.get_running_loop().sock_sendall(client, request("/api/chat"))
        received = await called(double, "/api/chat")
        await _blocked(router)
    async with asyncio.timeout(AT_ONCE):
        await received.disconnected.wait()


async def test_a_client_that_never_reads_is_ended(double: OllamaDouble, tmp_path: Path) -> None:
    """After `send_timeout` of an unread answer the exchange ends, and Ollama with it."""
    toml = toml_for(
        double.url, more='[server]\nport = 0\nsend_timeout = "300ms"\ndrain_timeout = 0'
    )
    async with routing(toml, tmp_path) as router:
        double.script(Script(tokens=["x" * 50_000] * 2000))
        with await connect(router, receive_buffer=4096) as client:
            await asyncio.get_running_loop().sock_sendall(client, request("/api/chat"))
            received = await called(double, "/api/chat")
            async with asyncio.timeout(5):
                await received.disconnected.wait()


class AtOnce:
    """A plugin that says an answer all at once, which is more than any buffer holds."""

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Answer without the model."""

        async def at_once(call: Call) -> Chunks:
            yield Chunk(content="x" * 20_000_000, done=True)

        return at_once


@pytest.mark.parametrize("te", ["", "te: trailers\r\n"], ids=["plain", "trailers"])
async def test_the_end_of_an_answer_is_not_waited_for_either(
    double: OllamaDouble, tmp_path: Path, te: str
) -> None:
    """An answer whose last piece is left unread ends as well, also when trailers follow it."""
    toml = toml_for(
        double.url,
        "large",
        f'[plugins.large]\nuse = "{__name__}:AtOnce"\n'
        '[server]\nport = 0\nsend_timeout = "200ms"\ndrain_timeout = 0',
    )
    async with routing(toml, tmp_path) as router:
        with await connect(router, receive_buffer=4096) as client:
            asked = request("/api/chat").replace(b"\r\n\r\n", f"\r\n{te}\r\n".encode(), 1)
            await asyncio.get_running_loop().sock_sendall(client, asked)
            while not router.gateway.current.running:  # noqa: ASYNC110 - it has no event for that
                await asyncio.sleep(0.01)
            async with asyncio.timeout(5):
                await router.gateway.current.idle()


async def test_a_client_that_reads_slowly_is_not_ended(
    double: OllamaDouble, tmp_path: Path
) -> None:
    """`send_timeout` counts the time without any reading, not the length of the answer."""
    toml = toml_for(
        double.url, more='[server]\nport = 0\nsend_timeout = "300ms"\ndrain_timeout = 0'
    )
    async with routing(toml, tmp_path) as router:
        double.script(Script(tokens=["x"] * 10, pace=0.08))
        async with httpx.AsyncClient(base_url=router.url, trust_env=False) as http:
            answer = await http.post("/api/chat", json={"model": "tiny", "messages": HI})
    assert answer.text.count("\n") == 11


async def test_nothing_stays_behind(router: Router, double: OllamaDouble) -> None:
    """After clients have left, no exchange and no request is counted any more."""
    for _ in range(3):
        double.script(Script(fault=faults.Stall(1)))
        with await connect(router) as client:
            await asyncio.get_running_loop().sock_sendall(client, request("/api/chat"))
            received = await called(double, "/api/chat")
        await received.disconnected.wait()
    async with asyncio.timeout(1):
        await router.gateway.current.idle()
    assert not router.gateway.current.exchanges


# ---- the router that shuts down


async def test_a_stream_is_told_that_the_router_shuts_down(
    router: Router, double: OllamaDouble
) -> None:
    """An answer that outlives `drain_timeout` ends with an event that says so."""
    double.script(Script(fault=faults.Stall(1)))
    async with httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=10) as http:
        body = {"model": "tiny", "messages": HI, "stream": True}
        async with http.stream("POST", "/v1/chat/completions", json=body) as answer:
            lines = answer.aiter_lines()
            await anext(lines)
            router.server.leave("test")
            rest = [line async for line in lines if line]
    assert json.loads(rest[-1].removeprefix("data: "))["error"]["code"] == "shutting_down"


# ---- bodies


@pytest.fixture
async def small(double: OllamaDouble, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a router that takes bodies of 1000 bytes."""
    toml = toml_for(double.url, more="[server]\nport = 0\nmax_body = 1000\ndrain_timeout = 0")
    async with (
        routing(toml, tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=10) as client,
    ):
        yield client


def _body(size: int) -> bytes:
    """Return a chat of exactly this size."""
    bare = json.dumps({"model": "tiny", "messages": HI, "stream": False, "x": ""}).encode()
    return bare[:-2] + b"x" * (size - len(bare)) + b'"}'


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 100):
        yield body[start : start + 100]


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("size", "status"), [(1000, 200), (1001, 413), (5000, 413)])
async def test_bodies_have_a_limit(
    small: httpx.AsyncClient, size: int, status: int, chunked: bool
) -> None:
    """A body of exactly the limit passes and one byte more does not, with or without a length."""
    body = _body(size)
    answer = await small.post("/api/chat", content=_pieces(body) if chunked else body)
    assert answer.status_code == status
    if status == 413:
        assert "[server] max_body" in answer.json()["error"]
        assert answer.headers["connection"] == "close"


async def test_a_body_in_pieces_is_one_body(http: httpx.AsyncClient) -> None:
    """Chunks of a body are put together."""
    answer = await http.post("/api/chat", content=_pieces(_body(3000)))
    assert answer.json()["done"] is True


async def test_a_crash_is_a_500_without_details(
    router: Router, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of the router names the request id and nothing internal."""

    async def crash() -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(router.gateway.current.ollama.models, "installed", crash)
    answer = await http.get("/v1/models", headers={"x-request-id": "mine-1"})
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] == "mine-1"
    assert "mine-1" in answer.json()["error"]["message"]
    assert "secret" not in answer.text


# ---- what reaches Ollama


async def test_nothing_of_the_client_reaches_ollama(
    http: httpx.AsyncClient, double: OllamaDouble
) -> None:
    """Keys, cookies, origins, ids and unknown fields stay here."""
    headers = {
        "authorization": "Bearer secret",
        "cookie": "secret=1",
        "origin": "http://localhost:3000",
        "x-stainless-lang": "secret",
        "x-request-id": "secret",
        "user-agent": "secret",
        "accept-encoding": "gzip",
    }
    body = {"model": "tiny", "messages": HI, "user": "secret", "metadata": {"a": "secret"}}
    for path in ("/v1/chat/completions", "/api/chat"):
        assert (await http.post(path, json=body, headers=headers)).status_code == 200
    for received in double.received:
        raw = b"\n".join([*(b"%b: %b" % each for each in received.headers), received.body])
        assert b"secret" not in raw
        assert received.header("origin") is None
        assert received.header("host") == double.url.removeprefix("http://")


# ---- tools


def _with_tools(*names: str) -> dict[str, Any]:
    tools = [{"type": "function", "function": {"name": name}} for name in names]
    return {"model": "tiny-tools", "messages": HI, "tools": tools, "stream": False}


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/chat"])
async def test_tools_are_for_those_who_may_use_them(
    double: OllamaDouble, tmp_path: Path, path: str
) -> None:
    """A request that offers a tool outside of the key's list is a 403, and never gets to Ollama."""
    key = '{ name = "me", key = "my-own-key-0123456789", tools = ["weather", "map_*"] }'
    toml = toml_for(double.url, "auth.static", f"[plugins.auth.static]\nkeys = [{key}]")
    headers = {"x-api-key": "my-own-key-0123456789"}
    async with (
        routing(toml, tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, headers=headers, trust_env=False) as client,
    ):
        answer = await client.post(path, json=_with_tools("weather", "map_show"))
        assert answer.status_code == 200, answer.text
        asked = len(double.received)
        answer = await client.post(path, json=_with_tools("weather", "delete_all"))
        assert answer.status_code == 403
        assert "may not use the tool 'delete_all'" in answer.text
        assert len(double.received) == asked
