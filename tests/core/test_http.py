"""Connections through the strict front door: reuse, pipelines, upgrades and deadlines."""

import asyncio
import json
import logging
import socket
import struct
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from core.http import HttpLimits
from tests.core.front import (
    CHUNKED,
    GOOD,
    LAST,
    Answer,
    Front,
    get,
    post,
    read_all,
    read_one,
    running_front,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def front() -> AsyncIterator[Front]:
    """Yield a server with the default limits, which all tests of the module use."""
    async with running_front() as running:
        yield running


async def test_keep_alive(front: Front) -> None:
    """A connection serves one request after another."""
    reader, writer = await front.connect()
    for _ in range(3):
        writer.write(GOOD)
        assert (await read_one(reader)).status == 200
    writer.close()


async def test_pipelining(front: Front) -> None:
    """Requests that are sent at once are answered in order, a refusal included."""
    answers = await front.send(get(b"/1") + get(b"/2") + get(b"//3") + get(b"/4"))
    assert [answer.status for answer in answers] == [200, 200, 404]
    assert [json.loads(answer.body)["path"] for answer in answers[:2]] == ["/1", "/2"]


async def test_refused_body_of_a_queued_request(front: Front) -> None:
    """A request that breaks while it is queued is refused after the answers before it."""
    answers = await front.send(get(b"/1") + get(b"/2") + post(CHUNKED, body=b"zz\r\n"))
    assert [answer.status for answer in answers] == [200, 200, 400]


async def test_pipeline_is_bounded() -> None:
    """More requests than the limit are not queued: the rest are refused with 429."""
    async with running_front(HttpLimits(pipelined=3)) as front:
        answers = await front.send(get(b"/a") * 50)
        assert [answer.status for answer in answers] == [200] * 4 + [429]


async def test_first_of_a_pipeline_learns_that_the_client_left() -> None:
    """A running request is told about the end of its connection when another one is queued."""
    async with running_front() as front:
        _, writer = await front.connect()
        writer.write(get(b"/stream") + get(b"/2"))
        await front.app.started.wait()
        writer.close()
        await asyncio.wait_for(front.app.left.wait(), 5)


@pytest.mark.parametrize("closes", [b"X: y", b"close"])
@pytest.mark.parametrize(
    "framed",
    [(b"Content-Length: 5", b"hello"), (CHUNKED, b"5\r\nhello\r\n0\r\n\r\n")],
    ids=["length", "chunked"],
)
async def test_body_after_an_offer_of_h2c(
    front: Front, framed: tuple[bytes, bytes], closes: bytes
) -> None:
    """A body arrives whole although its head offers HTTP/2, as Java's client does."""
    connection = b"Connection: Upgrade, " + (closes if closes == b"close" else b"HTTP2-Settings")
    head = post(b"Upgrade: h2c", connection, framed[0])
    for parts in ((head + framed[1] + LAST,), (head, framed[1], LAST)):
        first, *rest = await front.send(*parts)
        assert json.loads(first.body)["size"] == 5
        assert len(rest) == (closes != b"close")


async def test_trailers_are_dropped(front: Front) -> None:
    """A trailer never becomes one of the headers that the app sees."""
    request = post(CHUNKED, body=b"3\r\nabc\r\n0\r\nAuthorization: Bearer x\r\n\r\n")
    first, _ = await front.send(request + LAST)
    assert json.loads(first.body)["headers"] == ["host", "transfer-encoding"]


async def test_100_continue(front: Front) -> None:
    """A client that waits is told to go on when the app reads, and not before or otherwise."""
    reader, writer = await front.connect()
    writer.write(post(b"Expect: 100-continue", b"Content-Length: 3"))
    assert (await read_one(reader)).status == 100
    writer.write(b"abc")
    assert json.loads((await read_one(reader)).body)["size"] == 3
    writer.close()
    (early,) = await front.send(post(b"Expect: 100-continue", b"Content-Length: 3", path=b"/413"))
    assert early.status == 413


async def test_broken_body_during_its_answer(front: Front) -> None:
    """A body that breaks after its answer has begun leaves that answer without an end."""
    reader, writer = await front.connect()
    writer.write(post(CHUNKED, path=b"/echo"))
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"transfer-encoding: chunked" in head
    writer.write(b"zz\r\n")
    assert await reader.read() == b""
    writer.close()
    assert await front.serves()


async def test_refusals_are_logged_by_their_id(
    front: Front, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has one line per refusal, with the id that the client was told."""
    with caplog.at_level(logging.INFO, "uvicorn.error"):
        (answer,) = await front.send(get(b"//x"))
    (line,) = [record.getMessage() for record in caplog.records]
    assert answer.headers["x-request-id"] in line
    assert "127.0.0.1" in line


SLOW = HttpLimits(header_timeout=0.3, body_timeout=0.3, min_body_rate=1000)


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, drop: bytes) -> Answer:
    """Send `drop` every 20 ms until the server answers and ends the connection."""
    answer = asyncio.ensure_future(read_all(reader))
    while not (await asyncio.wait({answer}, timeout=0.02))[0]:
        writer.write(drop)
    writer.close()
    return answer.result()[0]


SLOW_REQUESTS = {
    "nothing": (b"", b""),
    "slow empty lines": (b"", b"\r\n"),
    "slow request line": (b"GET /", b"a"),
    "slow headers": (b"GET / HTTP/1.1\r\nHost: a\r\n", b"X: y\r\n"),
    "slow second head": (post(b"Content-Length: 3", body=b"abcGET /"), b"a"),
    "slow body": (post(b"Content-Length: 100000"), b"x"),
    "slow chunks": (post(CHUNKED), b"1\r\nx\r\n"),
    "stopped body": (post(b"Content-Length: 100000", body=b"x" * 50_000), b""),
}


@pytest.mark.parametrize(("start", "drop"), SLOW_REQUESTS.values(), ids=SLOW_REQUESTS.keys())
async def test_slow_requests_are_ended(start: bytes, drop: bytes) -> None:
    """A request that arrives too slowly gets a 408, and its connection an end."""
    async with running_front(SLOW) as front:
        reader, writer = await front.connect()
        clock = asyncio.get_running_loop()
        began = clock.time()
        writer.write(start)
        if b"abc" in start:
            assert (await read_one(reader)).status == 200
        async with asyncio.timeout(5):
            answer = await _drip(reader, writer, drop)
        assert answer.status == 408
        assert 0.2 < clock.time() - began < 2
        assert await front.serves()


async def test_steady_body_is_not_ended() -> None:
    """A body that takes longer than the timeout is served while it keeps the rate."""
    async with running_front(SLOW) as front:
        reader, writer = await front.connect()
        writer.write(post(b"Content-Length: 25000"))
        answer = asyncio.ensure_future(read_one(reader))
        for _ in range(25):
            await asyncio.wait({answer}, timeout=0.03)  # 33 kB/s for 0.75 s
            writer.write(b"x" * 1000)
        assert json.loads((await answer).body)["size"] == 25_000
        writer.close()


async def test_slow_answer_is_not_ended() -> None:
    """The deadlines are for requests: an answer may take longer than all of them."""
    async with running_front(SLOW) as front:
        reader, writer = await front.connect()
        writer.write(get(b"/stream"))
        answer = asyncio.ensure_future(read_one(reader))
        assert not (await asyncio.wait({answer}, timeout=1))[0]
        front.app.go.set()
        assert (await answer).body == b"streamed"
        writer.close()


async def test_empty_lines_do_not_keep_a_connection_alive() -> None:
    """An idle connection ends after the keep-alive timeout although empty lines arrive."""
    async with running_front(keep_alive=1) as front:
        reader, writer = await front.connect()
        writer.write(GOOD)
        assert (await read_one(reader)).status == 200
        ends = asyncio.ensure_future(reader.read())
        async with asyncio.timeout(5):
            while not (await asyncio.wait({ends}, timeout=0.05))[0]:
                writer.write(b"\r\n")
        writer.close()


async def test_a_client_that_is_gone_already_is_not_served() -> None:
    """Its address can't be told any more, so that it would pass for a caller of this machine."""
    async with running_front() as front:
        with socket.create_connection(("127.0.0.1", front.port)) as client:
            client.sendall(get(b"/stream"))
            reset = struct.pack("ii", 1, 0)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        assert await front.serves()  # so the connection before it was accepted, too
        assert not front.app.started.is_set()
