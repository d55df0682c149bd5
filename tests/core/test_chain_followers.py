"""Whoever follows each plugin of a chain, as traces do."""

import inspect
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from core.chain import compose
from core.errors import PluginFailed
from core.handlers import Follow
from core.loader import FailMode, Plugin
from core.messages import Call, Chunks, Handler
from tests.core.chains import ANSWER, Hooks, Inner, ask, crash, observer


class Follower:
    """Notes which plugins begin and end, and how."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def follow(self, name: str, next: Handler) -> Handler:
        """Put notes around a plugin."""

        async def followed(call: Call) -> Chunks:
            self.seen.append(f"{name} begins")
            try:
                async with aclosing(next(call)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            except Exception as error:
                self.seen.append(f"{name} raises {type(error).__name__}")
                raise
            finally:
                self.seen.append(f"{name} ends")

        return followed


def _composed(inner: Inner, plugins: list[tuple[FailMode, Hooks]], *follow: Follow) -> Handler:
    made = {
        f"p{number}": Plugin(f"p{number}", "m:C", object(), mode, "")
        for number, (mode, _) in enumerate(plugins)
    }
    named = list(zip(made, (hooks for _, hooks in plugins), strict=True))
    return compose(
        [(name, hooks.around) for name, hooks in named if hooks.around is not None],
        made,
        inner.handle,
        60.0,
        [(name, hooks.before) for name, hooks in named if hooks.before is not None],
        [("tracer", each) for each in follow],
    )


async def _look(call: Call) -> Call:
    return call


async def _crash(call: Call) -> Call:
    crash(True)
    return call


def _careless(next: Handler) -> Handler:
    async def careless(call: Call) -> Chunks:
        async with aclosing(next(call)) as chunks:
            async for chunk in chunks:
                crash(True)
                yield chunk

    return careless


AROUND = Hooks(around=observer("never"))
BEFORE = Hooks(before=_look)
BOTH = Hooks(around=observer("never"), before=_look)
ABSENT = Hooks(around=lambda next: next)


@given(
    st.lists(
        st.tuples(st.sampled_from(["open", "closed"]), st.sampled_from([AROUND, BEFORE, BOTH])),
        max_size=6,
    )
)
async def test_each_plugin_is_followed_once_and_nested(
    plugins: list[tuple[FailMode, Hooks]],
) -> None:
    """Whatever hooks and fail modes, each plugin begins once, the first outermost, and ends."""
    follower, inner = Follower(), Inner()
    assert await ask(_composed(inner, plugins, follower.follow)) == (list(ANSWER), None)
    names = [f"p{number}" for number in range(len(plugins))]
    begins = [each.removesuffix(" begins") for each in follower.seen if each.endswith("begins")]
    ends = [each.removesuffix(" ends") for each in follower.seen if each.endswith("ends")]
    # An open plugin with both hooks has two guards, and is followed inside each.
    twice = [
        name
        for name, (mode, hooks) in zip(names, plugins, strict=True)
        for _ in range(2 if mode == "open" and hooks is BOTH else 1)
    ]
    assert begins == twice
    assert sorted(ends) == sorted(twice)
    assert inner.begun == inner.closed == 1


@pytest.mark.parametrize("mode", ["open", "closed"])
async def test_a_plugin_without_a_handler_is_not_followed(mode: FailMode) -> None:
    """One that stays out of the way has nothing to follow."""
    follower = Follower()
    handler = _composed(Inner(), [(mode, ABSENT), (mode, AROUND)], follower.follow)
    assert await ask(handler) == (list(ANSWER), None)
    assert follower.seen == ["p1 begins", "p1 ends"]


@pytest.mark.parametrize("culprit", [0, 1, 2])
@pytest.mark.parametrize("crashes", [Hooks(around=_careless), Hooks(before=_crash)])
async def test_the_one_that_crashed_is_still_named(culprit: int, crashes: Hooks) -> None:
    """With followers in between, the guard finds the plugin whose crash it was, and so do they."""
    follower = Follower()
    plugins: list[tuple[FailMode, Hooks]] = [
        ("closed", crashes if number == culprit else (AROUND, BEFORE, BOTH)[number])
        for number in range(3)
    ]
    with capture_logs() as logs:
        _, error = await ask(_composed(Inner(), plugins, follower.follow))
    assert isinstance(error, PluginFailed)
    assert error.plugin == f"p{culprit}"
    assert [line["plugin"] for line in logs] == [f"p{culprit}"]
    raised = [each for each in follower.seen if "raises" in each]
    assert raised[0] == f"p{culprit} raises ZeroDivisionError"
    assert len(raised) == culprit + 1


def test_without_followers_nothing_is_added() -> None:
    """In a chain that nobody follows, plugins that look at the call only share their guard."""
    plugins: list[tuple[FailMode, Hooks]] = [("closed", BEFORE), ("closed", BEFORE)]
    befores = inspect.getclosurevars(_composed(Inner(), plugins)).nonlocals["befores"]
    assert [name for name, _ in befores] == ["p0", "p1"]
    inner = Inner()
    assert _composed(inner, []) == inner.handle
