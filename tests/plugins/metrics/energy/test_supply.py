"""Joules up to any moment, from looks that come once a second."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.metrics.energy.supply import Supply
from tests.plugins.metrics.energy.attempts import Meter


def test_time_after_the_last_look_is_booked_by_what_is_believed() -> None:
    """Half a second after a look, half a second of the believed watts is booked."""
    supply, meter = Supply(), Meter()
    assert supply.take(0.0, meter.last, 15.0) == 0.0
    assert supply.take(0.5, meter.last, 90.0) == pytest.approx(45)
    assert supply.ahead == pytest.approx(45)


def test_what_was_booked_too_much_is_taken_from_what_comes_then() -> None:
    """The meter shows less than was believed: nothing is booked until it has caught up."""
    supply, meter = Supply(), Meter()
    supply.take(0.0, meter.last, 15.0)
    supply.take(1.0, meter.last, 90.0)
    assert supply.take(1.0, meter.look(1.0, 15.0), 15.0) == 0.0
    assert supply.ahead == pytest.approx(75)
    assert supply.take(11.0, meter.look(11.0, 15.0), 15.0) == pytest.approx(75)
    assert supply.ahead == pytest.approx(0, abs=1e-9)


def test_what_was_booked_too_little_is_added() -> None:
    """The meter shows more than was believed: the next to be booked has the difference."""
    supply, meter = Supply(), Meter()
    supply.take(0.0, meter.last, 15.0)
    supply.take(1.0, meter.last, 15.0)
    assert supply.take(1.0, meter.look(1.0, 85.0), 85.0) == pytest.approx(35)


def test_a_meter_that_begins_anew_takes_nothing_back() -> None:
    """After a reload the meter counts from zero: what was booked stays, and it goes on."""
    supply, meter = Supply(), Meter()
    supply.take(0.0, meter.last, 100.0)
    supply.take(10.0, meter.look(10.0, 100.0), 100.0)
    booked, other = supply.booked, Meter(at=11.0, watts=100.0)
    assert supply.take(11.0, other.last, 100.0) == 0.0
    assert supply.take(12.0, other.look(12.0, 100.0), 100.0) == pytest.approx(100)
    assert supply.booked == pytest.approx(booked + 100)


steps = st.lists(
    st.tuples(
        st.sampled_from(["look", "take", "take", "silence"]), st.floats(0, 3), st.floats(0, 200)
    ),
    max_size=80,
)


@settings(deadline=None)
@given(steps)
def test_what_is_booked_is_the_integral(steps: list[tuple[str, float, float]]) -> None:
    """Booked is what was measured, what is ahead of that, and what a silent meter never told."""
    supply, meter = Supply(), Meter()
    now = 0.0
    supply.take(now, meter.last, 0.0)
    for kind, passed, watts in steps:
        now += passed
        if kind == "look":
            meter.look(now, watts)
        elif kind == "silence":
            supply.silence()
            continue
        assert supply.take(now, meter.last, watts) >= 0
        assert supply.ahead >= -1e-6
        assert supply.booked == pytest.approx(supply.measured + supply.ahead + supply.lost)
    if not any(kind == "silence" for kind, _, _ in steps):
        assert supply.measured == pytest.approx(meter.last.joules)
        now += 1e6
        meter.look(now, 200.0)
        supply.take(now, meter.last, 0.0)
        assert supply.booked == pytest.approx(meter.last.joules)
