"""Plugins that look at a call before it is answered: their order, and what their crashes do."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidRequest, PluginFailed
from core.loader import FailMode
from core.messages import Call, Chunk, Chunks
from tests.core.chains import (
    Before,
    Hooks,
    Inner,
    ask,
    crash,
    hooked,
    mark,
    text_of,
)

pytestmark = pytest.mark.usefixtures("quiet")


def _look(name: str) -> Before:
    """Put the name around the prompt."""

    async def look(call: Call) -> Call:
        await asyncio.sleep(0)
        return call.replace(prompt=f"{call.prompt}{name}")

    return look


async def _said_prompt(call: Call) -> Chunks:
    yield Chunk(content=call.prompt, done=True)


@given(
    st.lists(
        st.tuples(st.sampled_from(["open", "closed"]), st.booleans(), st.booleans()), max_size=6
    )
)
async def test_looks_at_the_call_have_their_places(
    plugins: list[tuple[FailMode, bool, bool]],
) -> None:
    """Each sees what those further out have made of the call, and no answer."""
    hooks: list[tuple[FailMode, Hooks]] = []
    prompt = ""
    said = "{}"
    for number, (mode, wraps, looks) in enumerate(plugins):
        name = chr(ord("a") + number)
        prompt += name if looks else ""
        said = said.format(f"{name}({{}})") if wraps else said
        hooks.append((mode, Hooks(mark(name) if wraps else None, _look(name) if looks else None)))
    got, error = await ask(hooked(_said_prompt, *hooks))
    assert error is None
    assert text_of(got) == said.format(prompt)


@pytest.mark.parametrize("bad", ["crash", "none"])
@pytest.mark.parametrize("number", [0, 1, 2, 3])
async def test_a_bad_look_of_a_closed_plugin_ends_the_request(bad: str, number: int) -> None:
    """A crash, and anything but a call, is `PluginFailed` with its name; no model is asked."""

    async def look(call: Call) -> Any:
        crash(bad == "crash")

    plugins = [Hooks(mark("x")), Hooks(mark("y"), _look("y")), Hooks(before=_look("z"))]
    plugins.insert(number, Hooks(before=look))
    inner = Inner()
    got, error = await ask(hooked(inner.handle, *(("closed", each) for each in plugins)))
    assert isinstance(error, PluginFailed)
    assert error.plugin == f"p{number}"
    assert (got, inner.begun) == ([], 0)


@pytest.mark.parametrize("bad", ["crash", "none"])
async def test_a_bad_look_of_an_open_plugin_is_passed_by(bad: str) -> None:
    """The call goes on as it was, to the plugin's own handler too."""

    async def look(call: Call) -> Any:
        crash(bad == "crash")

    outer, own = Hooks(before=_look("a")), Hooks(mark("x"), look)
    got, error = await ask(hooked(_said_prompt, ("closed", outer), ("open", own)))
    assert (text_of(got), error) == ("x(a)", None)


@pytest.mark.parametrize("mode", ["open", "closed"])
async def test_a_look_may_refuse(mode: FailMode) -> None:
    """A `GatewayError` passes as it is, and no model is asked."""
    refusal = InvalidRequest("shorten it")

    async def look(call: Call) -> Call:
        raise refusal

    inner = Inner()
    handler = hooked(inner.handle, ("open", Hooks(mark("x"))), (mode, Hooks(before=look)))
    assert await ask(handler) == ([], refusal)
    assert inner.begun == 0


@pytest.mark.parametrize("mode", ["open", "closed"])
async def test_who_leaves_during_a_look_has_left(mode: FailMode) -> None:
    """A cancellation passes through, also where the plugin makes something else of it."""

    async def look(call: Call) -> Call:
        try:
            await asyncio.Event().wait()
        finally:
            crash(mode == "open")
        return call

    task = asyncio.create_task(ask(hooked(_said_prompt, (mode, Hooks(before=look)))))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
