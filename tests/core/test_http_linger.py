"""Answers to clients that are still sending."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from core.http import HttpLimits
from tests.core.front import (
    CHUNKED,
    GOOD,
    Front,
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


BIG = b"x" * 11_000_000
CHUNKED_BIG = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BIG), BIG)


@pytest.mark.parametrize("path", [b"/413", b"/api/chat"], ids=["unread body", "read body"])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
async def test_413_is_readable(front: Front, path: bytes, chunked: bool) -> None:
    """A client that writes 11 MB before it reads gets the 413 and a clean end."""
    framing = CHUNKED if chunked else b"Content-Length: %d" % len(BIG)
    head = post(framing, path=path)
    (answer,) = await front.send(head, CHUNKED_BIG if chunked else BIG)
    assert answer.status == 413
    assert answer.headers["connection"] == "close"


async def _write_on(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Write until the connection breaks."""
    while True:
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(0)


async def test_lingering_is_bounded_in_bytes() -> None:
    """A client that goes on sending after its answer is cut off."""
    async with running_front(HttpLimits(linger_bytes=1000, linger_timeout=60)) as front:
        reader, writer = await front.connect()
        writer.write(post(b"Content-Length: 99999999", path=b"/413"))
        assert (await read_one(reader)).status == 413
        with pytest.raises(ConnectionError):
            await _write_on(writer, b"x" * 100_000)
        writer.close()
        assert await front.serves()


async def test_lingering_is_bounded_in_time() -> None:
    """A client that keeps its side open after its answer is cut off."""
    async with running_front(HttpLimits(linger_timeout=0.1)) as front:
        reader, writer = await front.connect()
        writer.write(post(b"Content-Length: 10", path=b"/413"))
        assert (await read_all(reader))[0].status == 413
        with pytest.raises(ConnectionError):
            await asyncio.wait_for(_write_on(writer, b"x"), 5)
        writer.close()


async def test_early_answer_keeps_the_connection(front: Front) -> None:
    """A body that arrives after its answer is discarded, and the next request is served."""
    reader, writer = await front.connect()
    writer.write(post(b"Content-Length: 3", path=b"/early"))
    assert (await read_one(reader)).body == b"early"
    writer.write(b"abc" + GOOD)
    assert (await read_one(reader)).status == 200
    writer.close()
