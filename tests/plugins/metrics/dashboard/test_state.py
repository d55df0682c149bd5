"""What is kept from second to second."""

import time
from pathlib import Path

from plugins.metrics.dashboard.state import State
from tests.pace import within
from tests.plugins.metrics.dashboard.support import an_attempt, end_of, ended
from tests.plugins.support import a_call, serving


async def test_a_look_is_a_point(tmp_path: Path) -> None:
    """Each look adds a second with what ended and runs; a second look of the same second none."""
    async with serving(tmp_path, "metrics.log") as (router, _):
        state, attempt = State(10), an_attempt()
        router.gateway.attempts.add(attempt)
        state.books.note(ended(a_call(), end_of(1)))
        state.look(router.gateway, 100.0)
        state.look(router.gateway, 100.2)
        state.look(router.gateway, 101.0)
        first, second = state.history
        assert (first.running, first.waiting, first.watts) == (1, None, None)
        assert (first.requests_per_second, second.requests_per_second) == (1, 0)
        assert state.last is second
        router.gateway.attempts.clear()


async def test_a_pause_is_no_peak(tmp_path: Path) -> None:
    """Rates are means over the time that has passed, and the machine's sleep is none."""
    async with serving(tmp_path, "metrics.log") as (router, _):
        state = State(10)
        state.look(router.gateway, 100.0)
        for passed, rate in ((2.0, 2.0), (5000.0, 4.0)):
            for _ in range(4):
                state.books.note(ended(a_call(), end_of(1)))
            state.look(router.gateway, state._looked + passed)
            assert state.last is not None
            assert state.last.requests_per_second == rate


async def test_a_new_day_begins_by_itself(tmp_path: Path) -> None:
    """At midnight the sums of the day are nothing again, watched or not."""
    async with serving(tmp_path, "metrics.log") as (router, _):
        state = State(10)
        state.day.sums.wh = 5
        state.idle_before = 7.0
        state.look(router.gateway, 1.0)
        assert state.day.sums.wh == 5
        state.day.turn(time.time() - 86_400)
        state.day.sums.wh = 5
        state.look(router.gateway, 2.0)
        assert (state.day.sums.wh, state.idle_before) == (0, 0.0)


async def test_looking_costs_little(tmp_path: Path) -> None:
    """A look takes 50 us at most, with 16 answers running."""
    async with serving(tmp_path, "routing metrics.log") as (router, _):
        state = State(300)
        running = [an_attempt() for _ in range(16)]
        router.gateway.attempts.update(running)

        def look() -> None:
            for _ in range(100):
                state.look(router.gateway, state._looked + 1)

        within(100 * 50e-6, look)
        router.gateway.attempts.clear()
