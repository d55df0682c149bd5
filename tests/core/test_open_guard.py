"""The guard around open plugins."""

from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import PluginFailed, UpstreamInvalid
from core.loader import FailMode
from core.messages import Call, Chunk, Chunks, Handler
from core.open_guard import opened
from tests.core.chains import ANSWER, PLACES, Inner, ask, chain, crash, observer, text_of

pytestmark = pytest.mark.usefixtures("quiet")


@given(
    place=st.sampled_from(PLACES),
    position=st.integers(1, len(ANSWER)),
    ahead=st.integers(0, 3),
    most=st.integers(1, 6),
    around=st.lists(st.sampled_from(["open", "closed"]), max_size=2),
    within=st.lists(st.sampled_from(["open", "closed"]), max_size=2),
    fails_after=st.none() | st.integers(0, len(ANSWER)),
)
async def test_an_open_observer_that_crashes_is_not_missed(
    place: str,
    position: int,
    ahead: int,
    most: int,
    around: list[FailMode],
    within: list[FailMode],
    fails_after: int | None,
) -> None:
    """Wherever it crashes, the caller gets the same chunks and end as without the plugin."""

    def inner() -> Inner:
        if fails_after is None:
            return Inner()
        return Inner(UpstreamInvalid("it broke"), fails_after)

    if fails_after is not None:
        ahead = 0  # what a plugin holds back when the answer fails is lost without a crash too
    outer = [(mode, observer("never")) for mode in around]
    rest = [(mode, observer("never")) for mode in within]
    with_it, without_it = inner(), inner()
    crashing = observer(place, position, ahead)
    got = await ask(chain(with_it, *outer, ("open", crashing), *rest), most)
    expected = await ask(chain(without_it, *outer, *rest), most)
    assert got[0] == expected[0]
    assert type(got[1]) is type(expected[1])
    assert with_it.begun == with_it.closed == without_it.begun


async def test_an_open_plugin_that_answered_by_itself_can_not_be_replaced() -> None:
    """When it crashes half way there is nothing to go on with, so the answer ends as failed."""

    def wrap(next: Handler) -> Handler:
        async def half(call: Call) -> Chunks:
            yield Chunk(content="half")
            crash(True)

        return half

    inner = Inner()
    got, error = await ask(chain(inner, ("open", wrap)))
    assert text_of(got) == "half"
    assert isinstance(error, PluginFailed)
    assert inner.begun == 0


@pytest.mark.parametrize("after", [0, 2, 5])
async def test_a_fault_of_the_inside_is_not_taken_for_a_plugins(after: int) -> None:
    """An unforeseen error further in never becomes an answer that ends early as if complete."""
    fault = KeyError("unforeseen")
    got, error = await ask(chain(Inner(fault, after), ("open", observer("never"))))
    assert (got, error) == (list(ANSWER[:after]), fault)


async def test_what_an_open_plugin_took_and_replaced_is_not_sent_twice() -> None:
    """After a crash the answer goes on behind what the caller has seen in the plugin's words."""

    def wrap(next: Handler) -> Handler:
        async def in_pairs(call: Call) -> Chunks:
            held = ""
            async with aclosing(next(call)) as chunks:
                async for chunk in chunks:
                    held += chunk.content
                    if len(held) == 2:
                        yield Chunk(content=held)
                        crash(held == "cd")
                        held = ""

        return in_pairs

    got, error = await ask(chain(Inner(), ("open", wrap)))
    assert (text_of(got), error) == ("ab cd e", None)


async def test_an_open_plugin_may_run_around_itself() -> None:
    """A plugin that asks the whole chain first keeps its own answer apart from that one's."""
    whole: list[Handler] = []

    def wrap(next: Handler) -> Handler:
        async def ask_first(call: Call) -> Chunks:
            if call.request_id == "r":
                async with aclosing(whole[0](call.replace(request_id="inner"))) as chunks:
                    assert [chunk async for chunk in chunks] == list(ANSWER)
            async with aclosing(next(call)) as chunks:
                async for chunk in chunks:
                    yield chunk
                    crash(call.request_id == "r" and chunk.content == "b")

        return ask_first

    inner = Inner()
    whole.append(chain(inner, ("open", wrap)))
    assert await ask(whole[0]) == (list(ANSWER), None)
    assert (inner.begun, inner.closed) == (2, 2)


@pytest.mark.parametrize("place", PLACES)
async def test_whoever_follows_a_plugin_stands_inside_its_guard(place: str) -> None:
    """What a follower sees is the plugin's own answer, and its end; the guard goes on behind it."""
    seen: list[str] = []

    def follow(name: str, next: Handler) -> Handler:
        async def followed(call: Call) -> Chunks:
            seen.append(f"{name} begins")
            try:
                async with aclosing(next(call)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            except ZeroDivisionError:
                seen.append("crashed")
                raise

        return followed

    inner = Inner()
    handler = opened("p", observer(place, 2), inner.handle, [("tracer", follow)])
    assert await ask(handler) == (list(ANSWER), None)
    assert seen == ["p begins", "crashed"]
    assert inner.begun == inner.closed == 1


def test_nobody_follows_a_plugin_that_stays_out_of_the_way() -> None:
    """A plugin that returns `next` has no handler, so there is nothing around it either."""
    inner = Inner()
    followers = [("tracer", lambda name, next: pytest.fail(f"{name} is followed"))]
    assert opened("p", lambda next: next, inner.handle, followers) == inner.handle
