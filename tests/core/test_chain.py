"""Plugins folded around the one inference call, and what their crashes do."""

import asyncio
import inspect
from contextlib import aclosing
from functools import partial
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.chain import compose
from core.errors import GatewayError, InvalidRequest, PluginFailed, SettingsError, UpstreamInvalid
from core.loader import FailMode, Plugin
from core.messages import Call, Chunk, Chunks, Handler
from tests.core.chains import (
    ANSWER,
    CALL,
    PLACES,
    Inner,
    Wrap,
    ask,
    chain,
    crash,
    mark,
    observer,
    text_of,
)

pytestmark = pytest.mark.usefixtures("quiet")


async def test_the_first_is_outermost() -> None:
    """The first plugin of the list sees the call first and the chunks last."""
    handler = chain(Inner(), ("closed", mark("x")), ("open", mark("y")), ("closed", mark("z")))
    got, error = await ask(handler)
    assert error is None
    assert text_of(got) == "x(y(z(a))) x(y(z(b))) x(y(z(c))) x(y(z(d))) x(y(z(e)))"


@pytest.mark.parametrize("mode", ["open", "closed"])
async def test_a_plugin_may_answer_by_itself(mode: FailMode) -> None:
    """Without a call of `next` nothing further in is asked."""

    def wrap(next: Handler) -> Handler:
        async def answer(call: Call) -> Chunks:
            yield Chunk(content="cached", done=True)

        return answer

    inner = Inner()
    got, error = await ask(chain(inner, (mode, wrap)))
    assert (text_of(got), error, inner.begun) == ("cached", None, 0)


@pytest.mark.parametrize("mode", ["open", "closed"])
async def test_a_plugin_may_stay_out_of_the_way(mode: FailMode) -> None:
    """A plugin that returns `next` itself, because it has nothing to do, is passed by."""
    inner = Inner()
    assert await ask(chain(inner, (mode, lambda next: next))) == (list(ANSWER), None)
    assert inner.closed == 1


@pytest.mark.parametrize("mode", ["open", "closed"])
async def test_a_plugin_may_ask_again(mode: FailMode) -> None:
    """A plugin may call `next` twice; each answer is closed."""

    def wrap(next: Handler) -> Handler:
        async def twice(call: Call) -> Chunks:
            for _ in range(2):
                async with aclosing(next(call)) as chunks:
                    async for chunk in chunks:
                        yield chunk

        return twice

    inner = Inner()
    got, _ = await ask(chain(inner, (mode, wrap)))
    assert got == [*ANSWER, *ANSWER]
    assert (inner.begun, inner.closed) == (2, 2)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("position", [1, 3, 5])
async def test_a_crash_of_a_closed_plugin_ends_the_request(place: str, position: int) -> None:
    """At whatever point it crashes, the caller gets `PluginFailed`, and the inside is closed."""
    inner = Inner()
    got, error = await ask(chain(inner, ("closed", observer(place, position))))
    assert isinstance(error, PluginFailed)
    assert error.plugin == "p0"
    assert got == list(ANSWER[: len(got)])
    assert inner.closed == inner.begun


@pytest.mark.parametrize("mode", ["open", "closed"])
async def test_an_error_of_a_plugin_passes_unchanged(mode: FailMode) -> None:
    """A `GatewayError` is an answer of the plugin, not a crash, in either mode."""
    refusal = InvalidRequest("shorten it")

    def wrap(next: Handler) -> Handler:
        async def refuse(call: Call) -> Chunks:
            if call is CALL:
                raise refusal
            yield Chunk()

        return refuse

    got, error = await ask(chain(Inner(), ("open", mark("x")), (mode, wrap)))
    assert (got, error) == ([], refusal)


@pytest.mark.parametrize("modes", [["open"], ["closed"], ["open", "closed"], ["closed", "open"]])
@pytest.mark.parametrize("most", [1, 2, 5])
@pytest.mark.parametrize("place", ["never", "finally"])
async def test_the_inside_is_closed_when_the_caller_stops(
    modes: list[FailMode], most: int, place: str
) -> None:
    """Closing the answer at any point reaches the innermost, past plugins that crash meanwhile."""
    inner = Inner()
    got, error = await ask(chain(inner, *[(mode, observer(place)) for mode in modes]), most)
    assert (got, error) == (list(ANSWER[:most]), None)
    assert (inner.begun, inner.closed) == (1, 1)


@pytest.mark.parametrize("mode", ["open", "closed"])
@pytest.mark.parametrize("after", [0, 2, 5])
async def test_errors_of_the_inside_pass_through(mode: FailMode, after: int) -> None:
    """What Ollama's call raises, before or after some chunks, reaches the caller unchanged."""
    failure = UpstreamInvalid("it broke")
    got, error = await ask(chain(Inner(failure, after), (mode, observer("never"))))
    assert (got, error) == (list(ANSWER[:after]), failure)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("culprit", [0, 1, 2])
async def test_the_log_names_the_plugin_that_crashed(place: str, culprit: int) -> None:
    """Of plugins that stand next to each other, the one is named whose crash it was."""

    def handlers(number: int) -> Wrap:
        if number == culprit:
            return observer(place, 1)
        return mark("x") if number % 2 else lambda next: partial(_pass, next)

    plugins: list[tuple[FailMode, Wrap]] = [("closed", handlers(number)) for number in range(3)]
    with capture_logs() as logs:
        _, error = await ask(chain(Inner(), *plugins))
    assert isinstance(error, PluginFailed)
    assert [line["plugin"] for line in logs] == [f"p{culprit}"]


async def _pass(next: Handler, call: Call) -> Chunks:
    async with aclosing(next(call)) as chunks:
        async for chunk in chunks:
            yield chunk


@pytest.mark.parametrize("mode", ["open", "closed"])
async def test_an_answer_may_outlive_the_request_that_asked_for_it(mode: FailMode) -> None:
    """What a plugin asks for in a task of its own is not closed when the caller leaves."""
    read: list[Chunk] = []
    tasks: list[asyncio.Task[None]] = []

    def wrap(next: Handler) -> Handler:
        async def detached(call: Call) -> Chunks:
            begun = asyncio.Event()

            async def read_all() -> None:
                async with aclosing(next(call)) as chunks:
                    async for chunk in chunks:
                        read.append(chunk)
                        begun.set()
                        await asyncio.sleep(0)

            tasks.append(asyncio.create_task(read_all()))
            await begun.wait()
            yield read[0]
            await tasks[0]

        return detached

    inner = Inner()
    assert await ask(chain(inner, (mode, wrap)), most=1) == ([ANSWER[0]], None)
    assert inner.closed == 0
    await tasks[0]
    assert tuple(read) == ANSWER
    assert (inner.begun, inner.closed) == (1, 1)


@pytest.mark.parametrize("mode", ["open", "closed"])
@pytest.mark.parametrize("place", ["never", "finally"])
@pytest.mark.parametrize("waits", ["inside", "plugin"])
async def test_a_cancelled_request_asks_for_nothing_more(
    mode: FailMode, place: str, waits: str
) -> None:
    """Cancellation ends plugin and inside, even where the plugin crashes while it is cancelled."""
    waiting = asyncio.Event()
    calls: list[str] = []

    async def inner(call: Call) -> Chunks:
        calls.append("begun")
        try:
            yield ANSWER[0]
            waiting.set()
            await asyncio.Event().wait()
        finally:
            calls.append("closed")

    def wrap(next: Handler) -> Handler:
        async def plugin(call: Call) -> Chunks:
            try:
                if waits == "plugin":
                    waiting.set()
                    await asyncio.Event().wait()
                async with aclosing(next(call)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            finally:
                crash(place == "finally")

        return plugin

    plugins = {"p": Plugin("p", "m:C", object(), mode, "")}
    task = asyncio.create_task(ask(compose([("p", wrap)], plugins, inner)))
    await waiting.wait()
    task.cancel()
    result = (await asyncio.gather(task, return_exceptions=True))[0]
    if mode == "closed" and place == "finally":
        assert isinstance(result, tuple)
        assert isinstance(result[1], GatewayError)
    else:
        assert isinstance(result, asyncio.CancelledError)
    assert calls == ([] if waits == "plugin" else ["begun", "closed"])


async def _coroutine(call: Call) -> None: ...


@pytest.mark.parametrize("mode", ["open", "closed"])
@pytest.mark.parametrize("made", [None, 5, "text", _coroutine, lambda call: [], Inner])
def test_what_is_no_handler_is_refused_at_load(mode: FailMode, made: Any) -> None:
    """`around_inference` must return an async generator function; the message names the plugin."""
    with pytest.raises(SettingsError, match=r"'p0'.* must return an async generator function"):
        chain(Inner(), (mode, lambda next: made))


@pytest.mark.parametrize("mode", ["open", "closed"])
def test_a_crash_while_wrapping_is_refused_at_load(mode: FailMode) -> None:
    """A plugin that can't wrap is a mistake of the settings, whatever its fail mode."""

    def wrap(next: Handler) -> Handler:
        raise ValueError("no next needed")

    with pytest.raises(SettingsError, match=r"'p0': around_inference failed: ValueError: no next"):
        chain(Inner(), (mode, wrap))


def test_without_plugins_the_call_is_direct() -> None:
    """An empty chain is the inference call itself."""
    assert inspect.ismethod(chain(Inner()))
