"""Joules without a sensor."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localai import Attempt, Chunk, PhaseWatts
from plugins.metrics.energy.modelled import Crowd, joules_of
from tests.plugins.metrics.energy.attempts import an_attempt

WATTS = PhaseWatts(load=18.0, prefill=98.0, decode=89.0)
IDLE = 15.0
SECOND = 10**9


def ended(
    seconds: float, last: Chunk | None = None, first: float | None = None, **changes: Any
) -> Attempt:
    """Return an attempt that took so many seconds; `first` are those until its first token."""
    attempt = an_attempt(**changes)
    attempt.ended = attempt.begun + seconds
    attempt.first = None if first is None else attempt.begun + first
    attempt.last = last
    return attempt


def test_each_phase_has_its_watts() -> None:
    """Two seconds of loading, one of reading and four of writing are 6 J, 83 J and 296 J."""
    last = Chunk(
        done=True,
        load_duration=2 * SECOND,
        prompt_eval_duration=SECOND,
        eval_duration=4 * SECOND,
    )
    assert joules_of(ended(10, last), WATTS, IDLE) == pytest.approx(6 + 83 + 296)
    assert joules_of(ended(10, last), WATTS, 0.0) == pytest.approx(36 + 98 + 356)


def test_an_embedding_only_reads() -> None:
    """Ollama tells no more of an embedding than how long it took."""
    last = Chunk(done=True, total_duration=3 * SECOND, load_duration=SECOND)
    assert joules_of(ended(5, last, kind="embed"), WATTS, IDLE) == pytest.approx(3 + 2 * 83)


def test_a_load_only_loads() -> None:
    """An empty request is charged for the time of its load, whatever else it tells."""
    last = Chunk(done=True, done_reason="load", load_duration=9 * SECOND, eval_duration=SECOND)
    assert joules_of(ended(10, last, messages=()), WATTS, IDLE) == pytest.approx(27)
    assert joules_of(ended(10, messages=()), WATTS, IDLE) == pytest.approx(30)


def test_what_broke_off_is_read_from_the_clock() -> None:
    """It has read until its first token and written from then on; who reached no model took 0 J."""
    assert joules_of(ended(3, first=1.0), WATTS, IDLE) == pytest.approx(83 + 2 * 74)
    assert joules_of(ended(3), WATTS, IDLE) == pytest.approx(3 * 83)
    refused = ended(3)
    refused.error = "UpstreamUnreachable"
    assert joules_of(refused, WATTS, IDLE) == 0
    assert joules_of(an_attempt(), WATTS, IDLE) == 0


durations = st.integers(-(10**20), 10**20)


@settings(deadline=None)
@given(
    durations,
    durations,
    durations,
    durations,
    st.floats(0, 1e5),
    st.sampled_from(["chat", "embed"]),
)
def test_no_figure_of_an_ollama_costs_more_than_the_time_that_passed(
    load: int, prefill: int, decode: int, total: int, lived: float, kind: str
) -> None:
    """Whatever durations are told, the joules are those of seconds that did pass."""
    last = Chunk(
        done=True,
        load_duration=load,
        prompt_eval_duration=prefill,
        eval_duration=decode,
        total_duration=total,
    )
    joules = joules_of(ended(lived, last, kind=kind), WATTS, IDLE)
    # A clock that has run for days tells moments to some nanoseconds.
    assert 0 <= joules <= (lived + 1e-8) * (WATTS.prefill - IDLE) * (1 + 1e-9)


def test_those_who_run_at_a_time_share_the_machine() -> None:
    """One that ran alone for a second and with another for two had two seconds' worth of three."""
    crowd = Crowd()
    one = crowd.begin(10.0)
    other = crowd.begin(11.0)
    assert crowd.end(one, 10.0, 13.0) == pytest.approx(2 / 3)
    assert crowd.end(other, 11.0, 15.0) == pytest.approx(3 / 4)
    again = crowd.begin(20.0)
    assert crowd.end(again, 20.0, 22.0) == 1.0
    at_once = crowd.begin(30.0)
    assert crowd.end(at_once, 30.0, 30.0) == 1.0


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 10), st.integers(0, 99)), max_size=60))
def test_shares_add_up_to_the_time_that_the_machine_was_busy(
    events: list[tuple[float, int]],
) -> None:
    """All shares of all times together are the time in which anybody ran."""
    crowd = Crowd()
    live: list[tuple[float, float]] = []
    now = busy = had = 0.0
    for passed, number in [*events, *[(1.0, 1)] * len(events)]:
        busy += passed if live else 0.0
        now += passed
        if live and number % 2:
            mark, begun = live.pop(number % len(live))
            had += crowd.end(mark, begun, now) * (now - begun)
        else:
            live.append((crowd.begin(now), now))
    for mark, begun in live:
        had += crowd.end(mark, begun, now) * (now - begun)
    assert had == pytest.approx(busy, abs=1e-6)
