"""One answer, many listeners: what each of them gets, and when the answer is given up."""

import asyncio
from contextlib import aclosing
from contextvars import ContextVar

import pytest

from localai import (
    Chunk,
    Chunks,
)
from plugins.cache.live import BATCH, Lives, TooSlow
from tests.pace import within_async
from tests.plugins.cache.sources import BUFFER, PIECE, PIECES, Listener, Source, said, settled


@pytest.fixture
def lives() -> Lives:
    """Room for eight pieces of each answer."""
    return Lives(buffer=BUFFER)


async def heard(lives: Lives, *chunks: Chunk) -> list[Chunk]:
    """Return what a listener gets of an answer."""
    async with aclosing(lives.start("key", Source(*chunks, None).chunks()).listen()) as answer:
        return [chunk async for chunk in answer]


async def test_a_listener_gets_the_answer(lives: Lives) -> None:
    """One listener gets what it would get without this, also of an answer that has no end mark."""
    assert await heard(lives, *PIECES) == list(PIECES)
    assert await heard(lives) == []


async def test_who_joins_gets_what_was_said_at_once(lives: Lives) -> None:
    """The beginning comes without any waiting, and the rest as it comes."""
    source = Source(*PIECES[:4])
    live = lives.start("key", source.chunks())
    Listener(live)
    await settled()
    assert lives.get("key") is live
    async with aclosing(live.listen()) as chunks:
        for piece in PIECES[:4]:
            with pytest.raises(StopIteration) as step:
                anext(chunks).__await__().send(None)
            assert step.value.value is piece
        source.say(PIECES[4], None)
        assert [chunk async for chunk in chunks] == [PIECES[4]]
    assert source.closed == 1


async def test_what_is_ready_together_arrives_together(lives: Lives) -> None:
    """A listener is woken once for a whole batch, so that it leaves in one write."""
    source = Source()
    listener = Listener(Lives(buffer=10**6).start("key", source.chunks()))
    await settled()
    source.say(*PIECES)
    seen = set()
    for _ in range(10):
        await asyncio.sleep(0)
        seen.add(len(listener.got))
    assert seen == {0, len(PIECES)}
    await listener.leave()


async def test_a_long_burst_gives_others_their_turn() -> None:
    """An answer that is all there is read in batches, between which the event loop goes on."""
    lives = Lives(buffer=10**9)
    source = Source(*[said("x")] * (10 * BATCH), None)
    Listener(lives.start("key", source.chunks()))
    longest = 0
    while lives:
        before = len(source.taken)
        await asyncio.sleep(0)
        longest = max(longest, len(source.taken) - before)
    assert longest == BATCH


async def test_a_lone_slow_listener_holds_the_answer_back(lives: Lives) -> None:
    """Reading stops half a buffer ahead, goes on when the listener does, and loses nothing."""
    source = Source(*PIECES, None)
    listener = Listener(lives.start("key", source.chunks()), shy=True)
    await settled()
    assert len(source.taken) == BUFFER // PIECE // 2 + 1
    for _ in PIECES:
        listener.allow(1)
        await settled(4)
        ahead = len(source.taken) - len(listener.got)
        assert ahead <= BUFFER // PIECE // 2 + 1
        assert ahead > BUFFER // PIECE // 4 or len(source.taken) == len(PIECES)
    assert listener.got == list(PIECES)
    assert listener.error is None


async def test_an_answer_that_nobody_listens_to_yet_is_held_back(lives: Lives) -> None:
    """It is not read to its end into the memory while its starter is on the way."""
    source = Source(*PIECES, None)
    live = lives.start("key", source.chunks())
    await settled()
    assert len(source.taken) == BUFFER // PIECE // 2 + 1
    listener = Listener(live)
    await settled()
    assert listener.got == list(PIECES)


async def test_a_slow_listener_is_dropped_and_slows_nobody(lives: Lives) -> None:
    """It gets an error that says what to do; the fast one gets all, as soon as it is there."""
    source = Source()
    live = lives.start("key", source.chunks())
    slow, fast = Listener(live, shy=True), Listener(live)
    await settled()
    for number, piece in enumerate(PIECES, 1):
        source.say(piece)
        await settled(4)
        assert len(fast.got) == number
    assert live.listeners == 1
    source.say(None)
    slow.hurry()
    await settled()
    assert fast.got == list(PIECES)
    assert slow.got == [PIECES[0]]
    assert isinstance(slow.error, TooSlow)
    assert slow.error.status == 408
    assert "read faster, or send the request again" in str(slow.error)


async def test_a_listener_may_lag_by_a_buffer(lives: Lives) -> None:
    """Up to that it misses nothing."""
    source = Source()
    live = lives.start("key", source.chunks())
    slow, fast = Listener(live, shy=True), Listener(live)
    await settled()
    source.say(*PIECES[:9])
    await settled()
    assert len(fast.got) == 9
    slow.allow(1)
    await settled()
    source.say(*PIECES[9:10], None)
    slow.hurry()
    await settled()
    assert slow.got == fast.got == list(PIECES[:10])


async def test_nobody_joins_when_the_beginning_is_gone(lives: Lives) -> None:
    """What all have taken is kept for joiners up to a buffer; then one can't join, and must not."""
    source = Source(*PIECES[:8])
    live = lives.start("key", source.chunks())
    listener = Listener(live)
    await settled()
    assert lives.get("key") is live
    source.say(PIECES[8])
    await settled()
    assert lives.get("key") is None
    late = Listener(live)
    await settled()
    assert isinstance(late.error, TooSlow)
    assert source.closed == 0
    await listener.leave()


@pytest.mark.parametrize("buffer", [0, 1, BUFFER])
async def test_chunks_larger_than_the_buffer_pass(buffer: int) -> None:
    """The fastest is not dropped by them, nor who is as fast; a lagging one is."""
    giants = [said(str(number), 3 * BUFFER) for number in range(5)]
    source = Source()
    live = Lives(buffer=buffer).start("key", source.chunks())
    slow, *fast = [Listener(live, shy=True), Listener(live), Listener(live)]
    source.say(*giants, None)
    await settled()
    slow.hurry()
    await settled()
    assert [each.got for each in fast] == [giants, giants]
    assert [each.error for each in fast] == [None, None]
    assert isinstance(slow.error, TooSlow)


async def test_a_second_start_takes_the_key(lives: Lives) -> None:
    """Who joins gets the newer answer; the older one goes on for its own, and ends for itself."""
    sources = Source(PIECES[0]), Source(PIECES[1])
    older, newer = [lives.start("key", source.chunks()) for source in sources]
    listeners = Listener(older), Listener(newer)
    await settled()
    assert lives.get("key") is newer
    assert len(lives) == 2
    sources[0].say(PIECES[2], None)
    await settled()
    assert listeners[0].got == [PIECES[0], PIECES[2]]
    assert lives.get("key") is newer
    assert len(lives) == 1
    await listeners[1].leave()


async def test_the_source_runs_in_a_copy_of_the_starters_context(lives: Lives) -> None:
    """It sees what the starter has set, and what it sets itself is seen by nobody else."""
    variable = ContextVar("variable", default="")
    seen = []

    async def chunks() -> Chunks:
        seen.append(variable.get())
        variable.set("the source's")
        yield PIECES[0]

    variable.set("the starter's")
    live = lives.start("key", chunks())
    variable.set("another")
    async with aclosing(live.listen()) as answer:
        assert [chunk async for chunk in answer] == [PIECES[0]]
    assert seen == ["the starter's"]
    assert variable.get() == "another"


async def test_a_thousand_listen_to_one_answer() -> None:
    """Each gets all; the chunks are there once, and all leave in any order."""
    source = Source(*PIECES[:10])
    lives = Lives(buffer=10**6)
    live = lives.start("key", source.chunks())
    listeners = [Listener(live) for _ in range(1000)]
    await settled(10)
    source.say(*PIECES[10:])
    await settled(10)
    assert all(listener.got == list(PIECES) for listener in listeners)
    assert live.listeners == 1000
    for listener in listeners[1:]:
        listener.task.cancel()
    await asyncio.wait([listener.task for listener in listeners[1:]])
    assert (live.listeners, source.closed) == (1, 0)
    await listeners[0].leave()
    assert source.closed == 1


async def test_a_thousand_are_cheap() -> None:
    """To wake a listener and give it its chunks costs some microseconds, whatever their number."""
    source = Source()
    live = Lives(buffer=10**6).start("key", source.chunks())
    listeners = [Listener(live) for _ in range(1000)]
    await settled(3)

    async def say_all() -> None:
        for piece in PIECES:
            source.say(piece)
            await settled(5)

    await within_async(1000 * len(PIECES) * 40e-6, say_all)
    assert all(len(listener.got) >= len(PIECES) for listener in listeners)
    await asyncio.gather(*(listener.leave() for listener in listeners))


async def test_a_chunk_of_a_burst_is_cheap() -> None:
    """It costs some microseconds of the twenty that the router may take for it in all."""

    async def listen() -> None:
        source = Source(*[said(" hello")] * 10_000, None)
        listener = Listener(Lives(buffer=10**6).start("key", source.chunks()))
        await listener.task
        assert len(listener.got) == 10_000

    await within_async(10_000 * 10e-6, listen)
