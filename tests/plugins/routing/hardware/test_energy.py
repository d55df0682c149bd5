"""Joules from watts."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.hardware.energy import Energy

steps = st.lists(st.tuples(st.floats(0.5, 2.0), st.floats(0, 200)), min_size=2, max_size=80)


def filled(
    samples: list[tuple[float, float]], energy: Energy | None = None
) -> tuple[Energy, list[float]]:
    """Add samples, each some time after the one before; return the integral and their moments."""
    energy, at, moments = energy or Energy(), 100.0, []
    for step, watts in samples:
        at += step
        energy.add(at, watts)
        moments.append(at)
    return energy, moments


def test_constant_power_is_watts_times_seconds() -> None:
    """100 W for ten seconds are 1000 J, and 250 J between any moments 2.5 s apart."""
    energy, _ = filled([(1.0, 100.0)] * 11)
    assert energy.joules == pytest.approx(1000)
    assert energy.between(103.25, 105.75) == pytest.approx(250)


def test_the_last_sample_is_told_as_long_as_it_is_of_late() -> None:
    """It has its watts and all joules so far; after a gap it says nothing of now."""
    energy, _ = filled([(1.0, 100.0)] * 11)
    last = energy.last(111.0)
    assert last is not None
    assert tuple(last) == pytest.approx((111.0, 100.0, 1000.0))
    assert energy.last(121.0) == last
    assert energy.last(121.1) is None
    assert Energy().last(0.0) is None


def test_a_ramp_is_a_trapezoid() -> None:
    """Between two samples the power is taken to change evenly."""
    energy = Energy()
    energy.add(0, 0)
    energy.add(2, 100)
    assert energy.joules == pytest.approx(100)
    assert energy.between(0, 1) == pytest.approx(25)
    assert energy.between(1, 2) == pytest.approx(75)


def test_after_the_last_sample_its_watts_last() -> None:
    """An answer that ends between two looks is counted to its end, but not for ever."""
    energy, _ = filled([(1.0, 50.0)] * 3, Energy(gap=10.0))
    assert energy.between(103, 105) == pytest.approx(100)
    assert energy.between(103, 113.5) is None


def test_a_gap_is_not_counted() -> None:
    """Of a time without samples nothing is known: neither is it in the sum, nor told."""
    energy = Energy(gap=10.0)
    for at in (0, 1, 2, 60, 61):
        energy.add(at, 100)
    assert energy.joules == pytest.approx(300)
    assert energy.between(0, 2) == pytest.approx(200)
    assert energy.between(60, 61) == pytest.approx(100)
    for begin, end in ((1, 60.5), (2, 60), (1, 30), (10, 20), (59, 60)):
        assert energy.between(begin, end) is None


def test_what_is_not_known_is_none() -> None:
    """Without samples, before the first one, and backwards there is no figure."""
    energy = Energy()
    assert energy.between(0, 1) is None
    assert energy.joules == 0
    energy.add(10, 5)
    assert energy.between(9, 10.5) is None
    assert energy.between(11, 10) is None
    energy.add(10, 500)
    energy.add(4, 500)
    assert energy.joules == 0


def test_only_the_last_samples_are_kept() -> None:
    """Memory is bounded; the sum goes on."""
    energy, moments = filled([(1.0, 10.0)] * 1000, Energy(samples=50))
    assert energy.joules == pytest.approx(9990)
    assert energy.between(moments[-50], moments[-1]) == pytest.approx(490)
    assert energy.between(moments[0], moments[-1]) is None
    assert len(energy._times) < 100


@given(steps, st.data())
def test_parts_make_the_whole(samples: list[tuple[float, float]], data: st.DataObject) -> None:
    """The joules of adjoining times add up, all of them are the sum, and none is below 0."""
    energy, moments = filled(samples)
    first, last = moments[0], moments[-1]
    cuts = sorted(data.draw(st.lists(st.floats(first, last), max_size=6)))
    edges = [first, *cuts, last]
    parts = [energy.between(a, b) for a, b in pairwise(edges)]
    assert all(part is not None and part >= -1e-6 for part in parts)
    assert sum(part for part in parts if part is not None) == pytest.approx(energy.joules, abs=1e-6)
    most = max(watts for _, watts in samples)
    assert energy.joules <= most * (last - first) + 1e-6
