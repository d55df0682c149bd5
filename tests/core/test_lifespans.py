"""Contexts that generations share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from core.errors import SettingsError
from core.lifespans import Lifespan, acquire_all, release_all


class Journal:
    """Lifespans that note what happens to them."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.tasks: dict[str, list[asyncio.Task[None] | None]] = {}
        self.entered = asyncio.Event()

    def lifespan(
        self,
        name: str,
        entering: BaseException | None = None,
        leaving: Exception | None = None,
        *,
        slow: bool = False,
    ) -> Lifespan:
        """Make one that fails on entering or leaving, or never finishes to enter."""

        @asynccontextmanager
        async def enter() -> AsyncIterator[None]:
            self.tasks[name] = [asyncio.current_task()]
            self.events.append(f"+{name}")
            self.entered.set()
            try:
                if slow:
                    await asyncio.Event().wait()
                if entering:
                    raise entering
                yield
            finally:
                self.tasks[name].append(asyncio.current_task())
                self.events.append(f"-{name}")
                if leaving:
                    raise leaving

        return Lifespan(name, enter)


async def test_all_are_entered_in_order_and_left_in_reverse() -> None:
    """The first is started first and stopped last."""
    journal = Journal()
    all_ = [journal.lifespan(name) for name in "abc"]
    await acquire_all(all_)
    assert journal.events == ["+a", "+b", "+c"]
    await release_all(all_)
    assert journal.events[3:] == ["-c", "-b", "-a"]


@pytest.mark.parametrize("failure", [ValueError("no port"), asyncio.CancelledError()])
async def test_a_failed_start_stops_what_runs_and_names_the_plugin(failure: BaseException) -> None:
    """Those before the failing one are stopped in reverse, those after it never start."""
    journal = Journal()
    all_ = [journal.lifespan("a"), journal.lifespan("b"), journal.lifespan("c", failure)]
    with pytest.raises(SettingsError, match="plugin 'c' did not start"):
        await acquire_all([*all_, journal.lifespan("d")])
    assert journal.events == ["+a", "+b", "+c", "-c", "-b", "-a"]


async def test_one_that_failed_can_be_started_again() -> None:
    """A failed start leaves no user behind: the next one starts it anew."""
    failures: list[Exception | None] = [ValueError("once"), None]
    events = []

    @asynccontextmanager
    async def enter() -> AsyncIterator[None]:
        if failure := failures.pop(0):
            raise failure
        events.append("on")
        yield
        events.append("off")

    lifespan = Lifespan("a", enter)
    with pytest.raises(SettingsError, match="ValueError: once"):
        await lifespan.acquire()
    await lifespan.acquire()
    await lifespan.release()
    assert events == ["on", "off"]


async def test_a_cancelled_start_leaves_nothing_half_started() -> None:
    """Cancelling a start waits until the context that was being entered is left."""
    journal = Journal()
    all_ = [journal.lifespan("a"), journal.lifespan("b", slow=True)]
    starting = asyncio.create_task(acquire_all(all_))
    while journal.events != ["+a", "+b"]:
        journal.entered.clear()
        await journal.entered.wait()
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert journal.events == ["+a", "+b", "-b", "-a"]


async def test_it_is_left_by_the_task_that_entered_it() -> None:
    """Whoever starts and stops it, one task of its own enters and leaves."""
    journal = Journal()
    lifespan = journal.lifespan("a")
    await asyncio.create_task(lifespan.acquire())
    await asyncio.create_task(lifespan.release())
    entered, left = journal.tasks["a"]
    assert entered is left is not asyncio.current_task()


async def test_a_task_group_may_be_held_open() -> None:
    """A context may hold a task group and a timeout, which must be left where they were entered."""
    running = asyncio.Event()

    @asynccontextmanager
    async def enter() -> AsyncIterator[None]:
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            task = group.create_task(asyncio.Event().wait())
            running.set()
            yield
            task.cancel()

    lifespan = Lifespan("a", enter)
    await asyncio.create_task(lifespan.acquire())
    assert running.is_set()
    await lifespan.release()


async def test_users_are_counted() -> None:
    """The first user starts it, the last one stops it, and it can be started again."""
    journal = Journal()
    lifespan = journal.lifespan("a")
    await lifespan.acquire()
    await lifespan.acquire()
    await lifespan.release()
    assert journal.events == ["+a"]
    await lifespan.release()
    assert journal.events == ["+a", "-a"]
    await lifespan.acquire()
    await lifespan.release()
    assert journal.events == ["+a", "-a"] * 2


async def test_what_fails_on_leaving_does_not_keep_others_running() -> None:
    """A crash while stopping is logged; the others are stopped all the same."""
    journal = Journal()
    all_ = [journal.lifespan("a"), journal.lifespan("b", leaving=ValueError("stuck"))]
    await acquire_all(all_)
    await release_all(all_)
    assert journal.events == ["+a", "+b", "-b", "-a"]


async def test_a_plugin_without_a_lifespan_needs_nothing() -> None:
    """A lifespan without a context is started and stopped without effect."""
    lifespan = Lifespan("a", None)
    await acquire_all([lifespan])
    await release_all([lifespan])
