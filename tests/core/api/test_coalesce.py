"""What is ready leaves together; what is not ready is not waited for."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.api.coalesce import MAX_PIECE, send_pieces


class _Client:
    """Takes pieces, and can make its sender wait."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.came = asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()
        self.fails: Exception | None = None

    async def write(self, piece: bytes) -> None:
        if self.fails is not None:
            raise self.fails
        self.pieces.append(piece)
        self.came.set()
        await self.reads.wait()

    @property
    def text(self) -> bytes:
        return b"".join(self.pieces)


frames_and_waits = st.lists(
    st.tuples(st.binary(min_size=1, max_size=3), st.integers(0, 2)), max_size=30
)


@settings(max_examples=200, deadline=None)
@given(frames_and_waits)
async def test_any_mix_of_ready_and_waiting_frames_arrives_whole(
    plan: list[tuple[bytes, int]],
) -> None:
    """Pieces join to the frames, and whenever there is a wait all that was made is sent."""
    client = _Client()
    made = b""
    held: list[bytes] = []

    async def frames() -> AsyncGenerator[bytes, None]:
        nonlocal made
        for frame, waits in plan:
            for _ in range(waits):
                await asyncio.sleep(0)
                held.append(made[len(client.text) :])
            made += frame
            yield frame

    await send_pieces(frames(), client.write)
    assert client.text == b"".join(frame for frame, _ in plan)
    assert not any(held)
    assert len(client.pieces) == sum(at == 0 or waits > 0 for at, (_, waits) in enumerate(plan))


async def test_nothing_ready_is_held_while_waiting() -> None:
    """A frame leaves as soon as the next one has to be waited for."""
    client = _Client()
    more = asyncio.Event()

    async def frames() -> AsyncGenerator[bytes, None]:
        yield b"a"
        yield b"b"
        await more.wait()
        yield b"c"

    task = asyncio.create_task(send_pieces(frames(), client.write))
    async with asyncio.timeout(1):
        await client.came.wait()
    assert client.pieces == [b"ab"]
    assert not task.done()
    more.set()
    await task
    assert client.pieces == [b"ab", b"c"]


async def test_an_event_that_comes_while_the_client_reads_slowly_is_not_lost() -> None:
    """What the frames wait for may happen while a write is under way."""
    client = _Client()
    client.reads.clear()
    more = asyncio.Event()

    async def frames() -> AsyncGenerator[bytes, None]:
        yield b"a"
        await more.wait()
        yield b"b"

    task = asyncio.create_task(send_pieces(frames(), client.write))
    await client.came.wait()
    more.set()
    client.reads.set()
    async with asyncio.timeout(1):
        await task
    assert client.pieces == [b"a", b"b"]


async def test_a_large_piece_leaves_though_more_is_ready() -> None:
    """Memory is bounded: a piece is sent once it has `MAX_PIECE` bytes."""
    client = _Client()
    frame = b"x" * 1000

    async def frames() -> AsyncGenerator[bytes, None]:
        for _ in range(100):
            yield frame

    await send_pieces(frames(), client.write)
    assert client.text == frame * 100
    assert all(len(piece) < MAX_PIECE + len(frame) for piece in client.pieces)


async def test_what_was_ready_is_sent_before_a_failure() -> None:
    """Frames before an exception reach the client, and the exception comes through."""
    client = _Client()

    async def frames() -> AsyncGenerator[bytes, None]:
        yield b"a"
        yield b"b"
        raise LookupError("midway")

    with pytest.raises(LookupError, match="midway"):
        await send_pieces(frames(), client.write)
    assert client.pieces == [b"ab"]


@pytest.mark.parametrize("steps", range(8))
async def test_cancellation_at_any_await_closes_the_frames(steps: int) -> None:
    """Wherever the task is cancelled, waiting or writing, the generator is closed at once."""
    client = _Client()
    client.reads.clear()
    closed = asyncio.Event()

    async def frames() -> AsyncGenerator[bytes, None]:
        try:
            yield b"a"
            await asyncio.sleep(0)
            yield b"b"
            await asyncio.Event().wait()
        finally:
            closed.set()

    async def run() -> None:
        async with aclosing(frames()) as opened:
            await send_pieces(opened, client.write)

    task = asyncio.create_task(run())
    for step in range(steps):
        if step == 3:
            client.reads.set()
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closed.is_set() or steps == 0  # with 0 steps the task never began


async def test_a_failed_write_closes_what_waits_below() -> None:
    """When the client is gone, the await inside the frames is ended, not left behind."""
    client = _Client()
    client.fails = ConnectionResetError()
    ended: list[type[BaseException]] = []

    async def frames() -> AsyncGenerator[bytes, None]:
        yield b"a"
        try:
            await asyncio.Event().wait()
        except BaseException as error:
            ended.append(type(error))
            raise

    with pytest.raises(ConnectionResetError):
        await send_pieces(frames(), client.write)
    assert ended == [ConnectionResetError]


async def test_timeouts_inside_the_frames_still_work() -> None:
    """A clock in the frames ends its own wait only."""
    client = _Client()

    async def frames() -> AsyncGenerator[bytes, None]:
        yield b"a"
        try:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            yield b"late"

    await send_pieces(frames(), client.write)
    assert client.pieces == [b"a", b"late"]


async def test_no_frames_are_no_write() -> None:
    """Nothing to send sends nothing."""
    client = _Client()

    async def frames() -> AsyncGenerator[bytes, None]:
        for frame in list[bytes]():
            yield frame

    await send_pieces(frames(), client.write)
    assert client.pieces == []
