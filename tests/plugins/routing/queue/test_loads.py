"""Loads that outlive who asked for them."""

import asyncio
from time import monotonic

import pytest

from localai import GatewayError, Unavailable, UpstreamFailed
from plugins.routing.queue.loads import Loads
from plugins.routing.queue.turn import HEADER, Turn
from tests.plugins.support import a_call

KEY = ("http://box", "tiny:latest", 4096)


class Work:
    """A load that waits for its gate, and may fail."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.gate = asyncio.Event()
        self.begun = asyncio.Event()
        self.times = 0
        self.failure = failure

    async def __call__(self) -> None:
        """Load."""
        self.times += 1
        self.begun.set()
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure


def a_turn() -> Turn:
    """Return a turn."""
    return Turn(a_call(), "me", monotonic())


async def test_one_load_is_for_all() -> None:
    """Two who want the same model wait for one load, and are told how long that takes."""
    loads, work = Loads(), Work()
    turns = a_turn(), a_turn()
    tasks = [asyncio.create_task(loads.ensure(turn, KEY, 8.0, work)) for turn in turns]
    await work.begun.wait()
    assert turns[0].call.headers[HEADER] == "loading=tiny:latest, eta=8"
    work.gate.set()
    await asyncio.gather(*tasks)
    assert work.times == 1
    assert not list(loads)


async def test_a_load_goes_on_without_whoever_wanted_it() -> None:
    """When all have left, the load goes on, and another one who comes waits for it."""
    loads, work = Loads(), Work()
    first = asyncio.create_task(loads.ensure(a_turn(), KEY, 8.0, work))
    await work.begun.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    (load,) = loads
    assert not load.turns
    second = asyncio.create_task(loads.ensure(a_turn(), KEY, 8.0, work))
    work.gate.set()
    await second
    assert work.times == 1


async def test_a_failure_is_for_all() -> None:
    """What a load fails with, everybody who waits for it gets; the next one tries again."""
    loads, work = Loads(), Work(UpstreamFailed("no room"))
    work.gate.set()
    tasks = [loads.ensure(a_turn(), KEY, 8.0, work) for _ in range(2)]
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(each, GatewayError) and each.message == "no room" for each in found)
    with pytest.raises(UpstreamFailed):
        await loads.ensure(a_turn(), KEY, 8.0, work)
    assert work.times == 2


async def test_a_host_loads_one_by_one() -> None:
    """Another model waits for the first one on the same host, and on another host does not."""
    loads, first, second, third = Loads(), Work(), Work(), Work()
    tasks = [asyncio.create_task(loads.ensure(a_turn(), KEY, 8.0, first))]
    await first.begun.wait()
    for key, work in (
        (("http://box", "b", None), second),
        (("http://other", "b", None), third),
    ):
        tasks.append(asyncio.create_task(loads.ensure(a_turn(), key, 5.0, work)))
    await third.begun.wait()
    assert not second.begun.is_set()
    now = monotonic()
    assert 7.0 < loads.ahead("http://box", "b", now) <= 8.0
    assert 12.0 < loads.ahead("http://box", "c", now) <= 13.0
    assert loads.ahead("http://other", "b", now) == 0.0
    for work in (first, second, third):
        work.gate.set()
    await asyncio.gather(*tasks)


async def test_another_context_is_another_load() -> None:
    """Who wants a model with another context waits for a load of its own."""
    loads, work = Loads(), Work()
    work.gate.set()
    await asyncio.gather(
        loads.ensure(a_turn(), KEY, 8.0, work),
        loads.ensure(a_turn(), ("http://box", "tiny:latest", 8192), 8.0, work),
    )
    assert work.times == 2


async def test_at_the_end_all_loads_end() -> None:
    """When the router stops, whoever waits for a load is told to try again."""
    loads, work = Loads(), Work()
    task = asyncio.create_task(loads.ensure(a_turn(), KEY, 8.0, work))
    await work.begun.wait()
    await loads.stop()
    with pytest.raises(Unavailable, match="shuts down"):
        await task


async def test_what_takes_long_is_told_so() -> None:
    """A load that takes longer than was expected is never said to be over."""
    loads, work, turn = Loads(), Work(), a_turn()
    task = asyncio.create_task(loads.ensure(turn, KEY, 30.0, work))
    await work.begun.wait()
    loads.tell(monotonic() + 20)
    assert turn.call.headers[HEADER] == "loading=tiny:latest, eta=10"
    loads.tell(monotonic() + 500)
    assert turn.call.headers[HEADER] == "loading=tiny:latest, eta=3"
    work.gate.set()
    await task
