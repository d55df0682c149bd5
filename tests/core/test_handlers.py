"""What the guards do with a plugin's handler."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest
from structlog.testing import capture_logs

from core.errors import SettingsError
from core.handlers import close, failed, followed, is_cancelled, wrapped
from core.messages import Call, Chunks, Handler
from tests.core.chains import ANSWER, CALL, Inner, ask, observer


def test_a_plugins_handler_is_what_it_returns() -> None:
    """An async generator function, or `next` itself, is taken as it is."""
    inner = Inner().handle
    made = wrapped("p", observer("never"), inner)
    assert made is not inner
    assert wrapped("p", lambda next: next, inner) is inner


@pytest.mark.parametrize("made", [None, 5, lambda call: []])
def test_what_is_no_handler_is_named_with_its_plugin(made: Any) -> None:
    """The error says which plugin returned it, and what it must return."""
    with pytest.raises(SettingsError, match=r"'p'.* must return an async generator function"):
        wrapped("p", lambda next: made, Inner().handle)


def _adds(order: list[str], follower: str) -> Any:
    def follow(name: str, next: Handler) -> Handler:
        def noted(call: Call) -> Chunks:
            order.append(f"{follower} sees {name}")
            return next(call)

        return noted

    return follow


async def test_followers_stand_around_a_plugin_in_their_order() -> None:
    """The first is outermost, and the answer passes unchanged."""
    order: list[str] = []
    followers = [("a", _adds(order, "a")), ("b", _adds(order, "b"))]
    assert await ask(followed("p", Inner().handle, followers)) == (list(ANSWER), None)
    assert order == ["a sees p", "b sees p"]


def test_a_follower_that_fails_at_load_is_named() -> None:
    """One that crashes, or returns no handler, is a mistake of the settings."""

    def crashes(name: str, next: Handler) -> Handler:
        raise ValueError("no")

    with pytest.raises(SettingsError, match=r"'t': around_plugin failed: ValueError: no"):
        followed("p", Inner().handle, [("t", crashes)])
    nothing: Any = None
    with pytest.raises(SettingsError, match=r"'t': around_plugin must return a handler"):
        followed("p", Inner().handle, [("t", lambda name, next: nothing)])


def test_an_error_at_load_names_the_hook() -> None:
    """It says whose hook failed, and how."""
    assert (
        str(failed("around_x", "p", KeyError("k"))) == "plugin 'p': around_x failed: KeyError: 'k'"
    )


async def test_a_crash_while_closing_is_logged_only() -> None:
    """Nobody is left to hear of it."""
    chunks = observer("finally")(Inner().handle)(CALL)
    await anext(chunks)
    with capture_logs() as logs:
        await close("p", chunks)
    assert [line["plugin"] for line in logs] == ["p"]


async def test_a_task_knows_that_it_is_to_end() -> None:
    """A cancellation that was swallowed still counts."""
    assert not is_cancelled()

    async def swallows() -> bool:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return is_cancelled()

    task = asyncio.create_task(swallows())
    await asyncio.sleep(0)
    task.cancel()
    assert await task
