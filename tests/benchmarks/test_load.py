"""The load generator counts what arrives and believes nothing that is not a whole answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from benchmarks.load import Request, Spread, run
from benchmarks.upstream import Upstream


def chat(model: str, tokens: int, stream: str = "", path: str = "/v1/chat/completions") -> Request:
    """Make a chat request that expects `tokens` tokens."""
    body = msgspec.json.encode({"model": model, "messages": [], "stream": bool(stream)})
    return Request(body, tokens, stream, path)


@asynccontextmanager
async def upstream() -> AsyncIterator[int]:
    """Serve the fake upstream; gives its port."""
    async with await Upstream().listen() as server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[int]:
    """Serve the same bytes to each connection's first request, then close it; gives the port."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


def chunked(body: bytes) -> bytes:
    """Frame a whole event stream as one HTTP answer."""
    head = (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    return head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


@pytest.mark.parametrize(
    ("stream", "path", "chunks"),
    [("sse", "/v1/chat/completions", 10), ("ndjson", "/api/chat", 9)],
)
async def test_counts_chunks(stream: str, path: str, chunks: int) -> None:
    """Every token and every event or line of every stream is counted."""
    async with upstream() as port:
        outcome = await run(port, chat("burst-8", 8, stream, path), requests=6, connections=2)
    assert (outcome.errors, outcome.tokens, outcome.chunks) == (0, 6 * 8, 6 * chunks)


async def test_counts_plain_answers() -> None:
    """Plain answers are counted as requests with their tokens and without chunks."""
    async with upstream() as port:
        outcome = await run(port, chat("burst-8", 8), requests=50, connections=4)
    assert (outcome.requests, outcome.errors, outcome.tokens, outcome.chunks) == (50, 0, 400, 0)
    assert 0 < outcome.first_byte.p50 <= outcome.latency.p50 <= outcome.latency.most


async def test_sees_the_pace_of_tokens() -> None:
    """The gaps of a paced stream are near its pace."""
    async with upstream() as port:
        outcomes = [
            await run(port, chat("paced-5ms-20", 20, "sse"), requests=1, connections=1)
            for _ in range(5)
        ]
    assert all(outcome.errors == 0 for outcome in outcomes)
    assert all(outcome.latency.p50 >= 20 * 0.005 for outcome in outcomes)
    # On a machine that is busy, tokens come late and together; at one of these moments it isn't.
    assert any(outcome.gap.p50 == pytest.approx(0.005, rel=0.5) for outcome in outcomes)


async def test_wrong_status_is_an_error() -> None:
    """An answer with another status than 200 is an error with its text."""
    async with upstream() as port:
        outcome = await run(port, chat("nobody", 8), requests=3, connections=1)
    assert outcome.errors == 3
    assert outcome.first_error.startswith("status 404")


async def test_stream_without_done_is_an_error() -> None:
    """A stream that ends without `data: [DONE]` is an error."""
    async with answering(chunked(b'data: {"content":" lap0"}\n\n')) as port:
        outcome = await run(port, chat("burst-1", 1, "sse"), requests=1, connections=1)
    assert (outcome.errors, outcome.first_error) == (1, "the stream did not end as it must")


async def test_lines_without_done_are_an_error() -> None:
    """NDJSON whose last line is not `done` is an error."""
    async with answering(chunked(b'{"content":" lap0","done":false}\n')) as port:
        outcome = await run(port, chat("burst-1", 1, "ndjson"), requests=1, connections=1)
    assert (outcome.errors, outcome.first_error) == (1, "the stream did not end as it must")


async def test_lost_token_is_an_error() -> None:
    """An answer that lacks a token is an error even when it ends well."""
    async with answering(chunked(b'data: {"content":" lap0"}\n\ndata: [DONE]\n\n')) as port:
        outcome = await run(port, chat("burst-2", 2, "sse"), requests=1, connections=1)
    assert (outcome.errors, outcome.first_error) == (1, "1 of 2 tokens arrived")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", "the connection was closed"),
        (b"something else\r\n\r\n", "not HTTP"),
    ],
)
async def test_broken_answer_is_an_error(answer: bytes, reason: str) -> None:
    """A cut answer, or one that is not HTTP, fails all requests that were still to be sent."""
    async with answering(answer) as port:
        outcome = await run(port, chat("burst-1", 1), requests=5, connections=1, limit=5)
    assert outcome.errors == 5
    assert outcome.first_error.startswith(reason)


async def test_silence_is_an_error() -> None:
    """Requests without an answer are errors once the limit has passed."""
    async with upstream() as port:
        slow = chat("paced-5000ms-2", 2, "sse")
        outcome = await run(port, slow, requests=4, connections=2, limit=0.05)
    assert (outcome.errors, outcome.first_error) == (4, "no answer within 0.05 s")


async def test_nobody_listening_is_an_error() -> None:
    """A refused connection fails the whole run."""
    async with upstream() as port:
        pass
    outcome = await run(port, chat("burst-1", 1), requests=4, connections=2)
    assert outcome.errors == 4
    assert outcome.first_error.startswith("no connection")


def test_spread() -> None:
    """Percentiles are taken from the sorted times, and no times give zeros."""
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, 3.0, 3.0, 3.0)
    assert Spread.of([]) == Spread(0.0, 0.0, 0.0, 0.0)
