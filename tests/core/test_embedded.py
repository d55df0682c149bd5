"""The embedded engine as a server: start, stop, routes and who may ask."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core import embedded
from core.embedded import EmbeddedEngine
from core.guide import Guide

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[EmbeddedEngine]:
    """A started engine with one document."""
    (tmp_path / "README.md").write_text("# Router\n\n## Installing\n\nRun pip.\n")
    engine = EmbeddedEngine([tmp_path / "README.md"])
    await engine.start()
    yield engine
    await engine.stop()


@pytest.fixture
async def client(engine: EmbeddedEngine) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that engine."""
    async with httpx.AsyncClient(base_url=engine.url, trust_env=False) as client:
        yield client


async def test_it_says_what_ollama_says_at_the_root(client: httpx.AsyncClient) -> None:
    """The root and the version answer GET and HEAD as Ollama's do."""
    root = await client.get("/")
    assert root.text == "Ollama is running"
    assert root.headers["content-type"] == "text/plain; charset=utf-8"
    assert (await client.get("/api/version")).content == b'{"version":"0.0.0"}'
    for path in ("/", "/api/version", "/api/tags"):
        assert (await client.head(path)).status_code == 200


async def test_other_paths_and_methods_are_refused_in_ollamas_words(
    client: httpx.AsyncClient,
) -> None:
    """An unknown path is a plain 404, another method a plain 405."""
    for method, path, status, text in (
        ("GET", "/nothing", 404, "404 page not found"),
        ("POST", "/api/pull", 404, "404 page not found"),
        ("GET", "/api/chat", 405, "405 method not allowed"),
        ("DELETE", "/api/tags", 405, "405 method not allowed"),
    ):
        answer = await client.request(method, path)
        assert (answer.status_code, answer.text) == (status, text)
        assert answer.headers["content-type"].startswith("text/plain")
    assert (await client.get("/api/chat")).headers["allow"] == "POST"


async def test_a_web_page_gets_nothing(client: httpx.AsyncClient) -> None:
    """A request with an origin, or for another host name, is refused."""
    for headers in ({"origin": "http://localhost"}, {"host": "evil.example"}):
        answer = await client.get("/api/tags", headers=headers)
        assert (answer.status_code, answer.content) == (403, b"")


@pytest.mark.parametrize("path", ["chat", "generate", "embed", "embeddings", "show"])
async def test_a_bad_body_is_a_400_in_ollamas_shape(client: httpx.AsyncClient, path: str) -> None:
    """Whatever is wrong with a body, the answer is one error text with status 400."""
    for body in (b"", b"{", b"[]", b'{"model":1}', b"\xff", b'{"model":"\\ud800"}'):
        answer = await client.post(f"/api/{path}", content=body)
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert list(answer.json()) == ["error"]
        assert isinstance(answer.json()["error"], str)


async def test_a_body_that_is_too_large_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A request above the bound is not read to its end."""
    monkeypatch.setattr(embedded, "MAX_BODY", 1_000)
    engine = EmbeddedEngine([])
    await engine.start()
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(f"{engine.url}/api/chat", content=b" " * 2_000)
    finally:
        await engine.stop()
    assert (answer.status_code, answer.json()) == (413, {"error": "request body too large"})


async def test_start_and_stop_may_be_repeated() -> None:
    """A second start or stop does nothing, and a stopped engine can be started again."""
    engine = EmbeddedEngine([])
    await engine.stop()
    await engine.start()
    url = engine.url
    await engine.start()
    assert engine.url == url
    await engine.stop()
    await engine.stop()
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(url)
        await engine.start()
        assert (await client.get(f"{engine.url}/")).status_code == 200
    await engine.stop()


async def test_it_listens_on_loopback_only(engine: EmbeddedEngine) -> None:
    """Its address is one of this machine's own, with a port that the system chose."""
    url = httpx.URL(engine.url)
    assert url.host == "127.0.0.1"
    assert url.port not in (None, 0, 11434)


@pytest.fixture
async def endless(monkeypatch: pytest.MonkeyPatch, engine: EmbeddedEngine) -> Stream:
    """The start of an answer that is far larger than all buffers."""
    monkeypatch.setattr(Guide, "answer", lambda self, question: "word " * 500_000)
    port = httpx.URL(engine.url).port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = b'{"model":"localai-guide","prompt":"word"}'
    head = f"POST /api/generate HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-length: {len(body)}"
    writer.write(head.encode() + b"\r\n\r\n" + body)
    assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
    return reader, writer


async def test_stop_cancels_a_stream(engine: EmbeddedEngine, endless: Stream) -> None:
    """An answer that a slow client has not read does not hold up the end."""
    _, writer = endless
    async with asyncio.timeout(1):
        await engine.stop()
    writer.close()


async def test_an_answer_ends_when_its_client_goes(endless: Stream) -> None:
    """A closed connection ends the handler of its request."""
    _, writer = endless
    (handler,) = _handlers()
    writer.transport.abort()
    async with asyncio.timeout(5):
        await asyncio.wait([handler])
    assert not _handlers()


def _handlers() -> list[asyncio.Task[Any]]:
    """Return the tasks of aiohttp that serve a connection."""
    tasks = asyncio.all_tasks()
    return [task for task in tasks if "RequestHandler.start" in repr(task.get_coro())]
