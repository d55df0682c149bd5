"""When an answer is given up, how its failure is told, and what is left of it."""

import asyncio
import gc
import weakref
from contextlib import aclosing, suppress

import pytest

from localai import Chunks, GatewayError, RateLimited, Unavailable, UpstreamTimeout
from plugins.cache.live import Lives, TooSlow
from tests.plugins.cache.sources import BUFFER, PIECES, Listener, Source, settled


@pytest.fixture
def lives() -> Lives:
    """Room for eight pieces of each answer."""
    return Lives(buffer=BUFFER)


async def test_the_answer_goes_on_while_somebody_listens(lives: Lives) -> None:
    """When the first of two leaves, nothing changes for the second; with the last one it ends."""
    source = Source(*PIECES[:3])
    live = lives.start("key", source.chunks())
    first, second = Listener(live), Listener(live)
    await settled()
    await first.leave()
    source.say(PIECES[3])
    await settled()
    assert second.got == list(PIECES[:4])
    assert (source.closed, live.listeners, len(lives)) == (0, 1, 1)
    await second.leave()
    assert (source.closed, live.listeners, len(lives)) == (1, 0, 0)


async def test_those_who_were_dropped_keep_no_answer_alive(lives: Lives) -> None:
    """When the fast one leaves and all others are too slow, the answer ends."""
    source = Source(*PIECES)
    live = lives.start("key", source.chunks())
    slow, fast = Listener(live, shy=True), Listener(live)
    await settled()
    await fast.leave()
    assert source.closed == 1
    slow.hurry()
    await settled()
    assert isinstance(slow.error, TooSlow)


async def test_the_second_fastest_is_not_dropped_when_the_fastest_leaves(lives: Lives) -> None:
    """It is the fastest then, and the answer waits for it, however far behind it is."""
    source = Source()
    live = lives.start("key", source.chunks())
    slow, fast = Listener(live, shy=True), Listener(live)
    for piece in PIECES[:9]:
        source.say(piece)
        await settled(5)
    assert len(fast.got) == 9
    await fast.leave()
    source.say(*PIECES[9:], None)
    await settled()
    slow.hurry()
    await settled()
    assert slow.got == list(PIECES)


async def test_reading_does_not_go_on_for_who_has_left(lives: Lives) -> None:
    """The fastest makes room and leaves in the same turn: there is no room for the others."""
    source = Source(*PIECES)
    live = lives.start("key", source.chunks())
    slow = Listener(live, shy=True)
    fast = live.listen()
    for _ in range(3):
        await anext(fast)
    await settled()
    held_back = len(source.taken)
    for _ in range(held_back - 3):
        await anext(fast)
    await fast.aclose()
    await settled()
    assert len(source.taken) == held_back
    await slow.leave()


async def test_who_leaves_while_nothing_is_said_leaves_nothing(lives: Lives) -> None:
    """Clients that come and go while a model loads take no memory."""
    live = lives.start("key", Source().chunks())
    first, *others = [Listener(live) for _ in range(10)]
    await settled()
    await asyncio.gather(*(other.leave() for other in others))
    assert live.listeners == len(live._waiting) == 1
    await first.leave()


async def test_leaving_waits_until_the_source_is_closed(lives: Lives) -> None:
    """The last listener's `aclose` returns when the connection is closed; meanwhile none joins."""
    source = Source(PIECES[0])
    live = lives.start("key", source.chunks())
    chunks = live.listen()
    await anext(chunks)
    source.may_close.clear()
    leaving = asyncio.create_task(chunks.aclose())
    await settled()
    assert not leaving.done()
    assert lives.get("key") is None
    assert len(lives) == 1

    again = Source(PIECES[1], None)
    joined = Listener(lives.start("key", again.chunks()))
    await settled()
    assert joined.got == [PIECES[1]]

    source.may_close.set()
    await leaving
    assert source.closed == 1


async def test_a_listener_that_waits_for_the_close_can_be_cancelled(lives: Lives) -> None:
    """The cancellation passes, does not disturb the closing, and `close` still waits for it."""
    source = Source(PIECES[0])
    listener = Listener(lives.start("key", source.chunks()))
    await settled()
    source.may_close.clear()
    listener.task.cancel()
    await settled()
    assert not listener.task.done()
    await listener.leave()
    assert listener.task.cancelled()
    assert len(lives) == 1
    closing = asyncio.create_task(lives.close())
    await settled()
    assert (closing.done(), source.closed) == (False, 0)
    source.may_close.set()
    await closing
    assert (source.closed, len(lives)) == (1, 0)


async def test_who_joins_a_dying_answer_is_told(lives: Lives) -> None:
    """Who listens only after the last listener has left gets an error where the answer was cut."""
    source = Source(PIECES[0])
    listener = Listener(lives.start("key", source.chunks()))
    await settled()
    live = lives.get("key")
    assert live is not None
    await listener.leave()
    late = Listener(live)
    await settled()
    assert isinstance(late.error, Unavailable)


@pytest.mark.parametrize("turns", range(12))
async def test_a_listener_may_be_cancelled_anywhere(lives: Lives, turns: int) -> None:
    """In whatever turn that is: the source ends with it, and a second listener's goes on."""
    source, shared = Source(*PIECES), Source(*PIECES, None)
    alone = Listener(lives.start("alone", source.chunks()))
    live = lives.start("shared", shared.chunks())
    leaver, stayer = Listener(live, shy=True), Listener(live)
    await settled(turns)
    await asyncio.gather(alone.leave(), leaver.leave())
    if turns:
        assert source.closed == 1
        await settled()
        assert stayer.got == list(PIECES)
    await lives.close()
    assert len(lives) == 0


class Odd(GatewayError):
    """A failure that makes its message by itself."""

    def __init__(self, model: str) -> None:
        super().__init__(f"the model '{model}' is odd", param="model")
        self.model = model


@pytest.mark.parametrize(
    "failure",
    [
        UpstreamTimeout("too late"),
        RateLimited("too much", code="mine", retry_after=7.5),
        Odd("llama3.2"),
        KeyError("key"),
        OSError(5, "broken", "file"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_a_failure_reaches_each_listener(lives: Lives, failure: Exception) -> None:
    """Each gets the chunks before it, then an exception of its own that is like it in all."""
    source = Source(*PIECES[:3])
    live = lives.start("key", source.chunks())
    listeners = [Listener(live, shy=bool(number)) for number in range(3)]
    await settled()
    source.say(failure)
    await settled()
    assert lives.get("key") is None
    for listener in listeners:
        listener.hurry()
    await settled()
    errors = [listener.error for listener in listeners]
    assert all(listener.got == list(PIECES[:3]) for listener in listeners)
    assert len({id(error) for error in [*errors, failure]}) == 4
    for error in errors:
        assert type(error) is type(failure)
        assert (str(error), vars(error)) == (str(failure), vars(failure))
        assert error.__cause__ is failure
    assert source.closed == 1


async def test_a_failure_that_nobody_hears_is_logged(
    lives: Lives, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bug that shows while an answer is closed is not lost with its listeners."""

    async def chunks() -> Chunks:
        try:
            yield PIECES[0]
            await asyncio.Event().wait()
        finally:
            raise ValueError("a bug")

    listener = Listener(lives.start("key", chunks()))
    await settled()
    await listener.leave()
    assert "nobody listens to" in caplog.text + capsys.readouterr().out


async def test_a_source_that_swallows_the_cancellation_is_closed(lives: Lives) -> None:
    """What it says after that is not read: the last listener has gone."""
    said_after = 0

    async def chunks() -> Chunks:
        nonlocal said_after
        yield PIECES[0]
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            while True:
                said_after += 1
                yield PIECES[1]

    listener = Listener(lives.start("key", chunks()))
    await settled()
    await listener.leave()
    assert (said_after, len(lives)) == (1, 0)


@pytest.mark.parametrize("turns", [0, 1, 2, 10])
async def test_close_ends_all(lives: Lives, turns: int) -> None:
    """Sources are closed when it returns, and who still listens gets an error after the chunks."""
    sources = [Source(*PIECES[:2]) for _ in range(3)]
    live, *_ = [lives.start(f"key {n}", source.chunks()) for n, source in enumerate(sources)]
    listeners = [Listener(live), Listener(live)]
    await settled(turns)
    await lives.close()
    # What never began has nothing to close.
    assert [source.closed for source in sources] == [int(turns > 0)] * 3
    assert len(lives) == 0
    assert lives.get("key 0") is None
    await settled()
    for listener in listeners:
        assert listener.got == list(PIECES[: 2 * (turns > 0)])
        assert isinstance(listener.error, Unavailable)
    await lives.close()


async def test_a_task_that_is_cancelled_from_outside_is_an_error(lives: Lives) -> None:
    """An answer that is cut by the end of the event loop does not look whole."""
    source = Source(*PIECES[:2])
    live = lives.start("key", source.chunks())
    listener = Listener(live)
    await settled()
    live.task.cancel()
    await settled()
    assert isinstance(listener.error, Unavailable)


@pytest.mark.parametrize("end", ["well", "failure", "leave", "cancel", "close", "slow"])
async def test_nothing_is_left_for_the_collector(lives: Lives, end: str) -> None:
    """The memory of an answer is free with its last listener, however it ends."""
    source = Source(*PIECES[: 40 if end == "slow" else 2])
    live = lives.start("key", source.chunks())
    reference = weakref.ref(live)

    async def listen(chunks: Chunks) -> None:
        with suppress(ValueError, Unavailable):
            async with aclosing(chunks):
                async for chunk in chunks:
                    if end == "leave" and chunk is PIECES[1]:
                        break
                    if end == "slow":
                        await asyncio.Event().wait()

    listener = asyncio.create_task(listen(live.listen()))
    del live
    await settled()
    gc.disable()
    try:
        if end == "well":
            source.say(None)
        elif end == "failure":
            source.say(ValueError("a bug"))
        elif end in ("cancel", "slow"):
            listener.cancel()
        elif end == "close":
            await lives.close()
        await asyncio.wait([listener])
        del listener
        await settled(2)
        assert reference() is None
    finally:
        gc.enable()
