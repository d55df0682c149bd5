"""Plugins that keep a call to themselves for too long."""

import asyncio
from contextlib import aclosing

import pytest
from structlog.testing import capture_logs

from core.chain import compose
from core.errors import PluginFailed
from core.loader import Plugin
from core.messages import Call, Chunk, Chunks, Handler
from tests.core.chains import ANSWER, CALL, Hooks, Inner, Wrap, ask, hooked

LIMIT = 0.2


def hangs(place: str) -> Wrap:
    """Return a plugin that waits for ever at a place."""

    def wrap(next: Handler) -> Handler:
        async def hanging(call: Call) -> Chunks:
            if place == "before":
                await asyncio.Event().wait()
            async with aclosing(next(call)) as chunks:
                async for chunk in chunks:
                    yield chunk
                    if place == "between":
                        await asyncio.Event().wait()
            await asyncio.Event().wait()

        return hanging

    return wrap


def passes(next: Handler) -> Handler:
    """Be a plugin that does nothing."""

    async def passing(call: Call) -> Chunks:
        async with aclosing(next(call)) as chunks:
            async for chunk in chunks:
                yield chunk

    return passing


def chain(inner: Handler, *wraps: Wrap) -> Handler:
    """Put closed plugins around a handler."""
    named = [(f"p{number}", wrap) for number, wrap in enumerate(wraps)]
    plugins = {name: Plugin(name, "m:C", object(), "closed", "") for name, _ in named}
    return compose(named, plugins, inner, LIMIT)


@pytest.mark.parametrize(("place", "chunks"), [("before", 0), ("between", 1), ("after", 5)])
@pytest.mark.parametrize("number", [0, 1, 2])
async def test_a_plugin_that_hangs_is_a_refusal(place: str, chunks: int, number: int) -> None:
    """Wherever it hangs, the request ends with an error, the log names it, all is closed."""
    inner = Inner()
    wraps: list[Wrap] = [passes, passes]
    wraps.insert(number, hangs(place))
    with capture_logs() as logs:
        got, error = await ask(chain(inner.handle, *wraps))
    assert isinstance(error, PluginFailed)
    assert error.plugin == f"p{number}"
    assert got == list(ANSWER[:chunks])
    assert inner.begun == inner.closed
    assert [each["plugin"] for each in logs] == [f"p{number}"]
    task = asyncio.current_task()
    assert task is not None
    assert not task.cancelling()


@pytest.mark.parametrize("number", [0, 1, 2])
async def test_a_look_at_the_call_that_hangs_is_a_refusal(number: int) -> None:
    """`before_inference` may take no longer, wherever the plugin stands."""

    async def hanging(call: Call) -> Call:
        await asyncio.Event().wait()
        return call

    async def looking(call: Call) -> Call:
        return call

    plugins = [Hooks(passes, looking), Hooks(before=looking)]
    plugins.insert(number, Hooks(before=hanging))
    inner = Inner()
    with capture_logs():
        got, error = await ask(
            hooked(inner.handle, *(("closed", each) for each in plugins), timeout=LIMIT)
        )
    assert isinstance(error, PluginFailed)
    assert error.plugin == f"p{number}"
    assert (got, inner.begun) == ([], 0)


async def test_one_timer_looks_after_all_calls() -> None:
    """Calls that hang are ended each, also those that came later, and after a time without any."""
    handler = chain(Inner().handle, hangs("between"))
    asked = []
    for _ in range(3):
        asked.append(asyncio.create_task(ask(handler)))
        await asyncio.sleep(LIMIT / 3)
    with capture_logs():
        ended = await asyncio.gather(*asked)
        await asyncio.sleep(LIMIT)
        ended.append(await ask(handler))
    assert all(isinstance(error, PluginFailed) for _, error in ended)


async def test_a_slow_model_is_not_the_plugins_fault() -> None:
    """What stands inside may take as long as its own clocks allow."""

    async def slow(call: Call) -> Chunks:
        for chunk in ANSWER[:2]:
            await asyncio.sleep(LIMIT * 1.5)
            yield chunk
        yield Chunk(done=True)

    got, error = await ask(chain(slow, passes, passes))
    assert error is None
    assert len(got) == 3


async def test_a_slow_client_is_not_the_plugins_fault() -> None:
    """A caller may take its time between two chunks."""
    inner = Inner()
    got = 0
    async with aclosing(chain(inner.handle, passes)(CALL)) as chunks:
        async for _ in chunks:
            got += 1
            if got == 2:
                await asyncio.sleep(LIMIT * 1.5)
    assert got == len(ANSWER)


async def test_many_steps_take_as_long_as_they_take() -> None:
    """A plugin that does a little for each chunk is no plugin that hangs."""

    def busy(next: Handler) -> Handler:
        async def working(call: Call) -> Chunks:
            async with aclosing(next(call)) as chunks:
                async for chunk in chunks:
                    await asyncio.sleep(LIMIT / 3)
                    yield chunk

        return working

    got, error = await ask(chain(Inner().handle, busy))
    assert error is None
    assert got == list(ANSWER)


async def test_a_caller_that_leaves_is_no_hang() -> None:
    """A cancellation from outside passes through as what it is."""
    task = asyncio.create_task(ask(chain(Inner().handle, hangs("before"))))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_nonsense_is_a_refusal() -> None:
    """A closed plugin that makes something else than chunks is one that crashed."""

    def wrap(next: Handler) -> Handler:
        async def odd(call: Call) -> Chunks:
            yield "nonsense"  # type: ignore[misc]

        return odd

    with capture_logs():
        got, error = await ask(chain(Inner().handle, passes, wrap))
    assert got == []
    assert isinstance(error, PluginFailed)


@pytest.mark.parametrize("number", [0, 1, 2])
async def test_a_plugin_that_may_wait_is_let_wait(number: int) -> None:
    """One with `waits` is not ended, wherever it stands; its neighbours still are."""

    async def patient(call: Call) -> Chunks:
        await asyncio.sleep(LIMIT * 2)
        async with aclosing(inner.handle(call)) as chunks:
            async for chunk in chunks:
                yield chunk

    def chained(*wraps: Wrap) -> Handler:
        named = [(f"p{place}", wrap) for place, wrap in enumerate(wraps)]
        plugins = {
            name: Plugin(name, "m:C", object(), "closed", "", waits=place == number)
            for place, (name, _) in enumerate(named)
        }
        return compose(named, plugins, inner.handle, LIMIT)

    inner = Inner()
    around: list[Wrap] = [passes, passes]
    got, error = await ask(chained(*around[:number], lambda next: patient, *around[number:]))
    assert (got, error) == (list(ANSWER), None)
    around[1] = hangs("before")
    with capture_logs():
        _, error = await ask(chained(*around[:number], passes, *around[number:]))
    assert isinstance(error, PluginFailed)
    assert error.plugin == ("p1" if number == 2 else "p2")
