"""Percentiles in buckets."""

from itertools import pairwise
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from plugins.metrics.dashboard.percentiles import ASKED, STEP, WINDOW, Percentiles
from tests.pace import within

TIMES = st.lists(st.floats(1e-4, 600.0), min_size=1, max_size=200)


@given(TIMES)
def test_they_are_those_of_the_times(times: list[float]) -> None:
    """Each percentile is within 3 % of the time that the same share of all is not above."""
    percentiles = Percentiles()
    for seconds in times:
        percentiles.add(seconds, 0.0)
    told = percentiles.read()
    assert percentiles.count == len(times)
    for name, share in ASKED.items():
        exact = sorted(times)[ceil(share * len(times)) - 1]
        found = told[name]
        assert found is not None
        assert abs(found / exact - 1) < 0.03


@given(TIMES)
def test_they_grow(times: list[float]) -> None:
    """No percentile is below a smaller one."""
    percentiles = Percentiles()
    for seconds in times:
        percentiles.add(seconds, 0.0)
    told = [each for each in percentiles.read().values() if each is not None]
    assert all(one <= other for one, other in pairwise(told))


def test_nothing_is_told_of_nothing() -> None:
    """Without a time there is no percentile."""
    assert set(Percentiles().read().values()) == {None}


@given(st.lists(st.floats(0, 2000), max_size=50), st.floats(0, 2000))
def test_only_the_last_minutes_count(moments: list[float], later: float) -> None:
    """What is older than the window is forgotten, at the latest a step after that."""
    percentiles = Percentiles()
    for now in sorted(moments):
        percentiles.add(1.0, now)
    now = max(moments, default=0.0) + later
    percentiles.forget(now)
    young = sum(now - each < WINDOW - STEP for each in moments)
    in_time = sum(now - each < WINDOW + STEP for each in moments)
    assert young <= percentiles.count <= in_time


def test_odd_times_count_as_the_nearest() -> None:
    """A time below all buckets or above them is told as the first or the last."""
    percentiles = Percentiles()
    for seconds in (-1.0, 0.0, 1e9):
        percentiles.add(seconds, 0.0)
    told = percentiles.read()
    assert told["p50"] is not None
    assert told["p50"] < 1.1e-5
    assert told["p99"] is not None
    assert told["p99"] > 3500


def test_it_costs_little() -> None:
    """To add a time takes 1 us at most, and to read 300 us, however many there were."""
    percentiles = Percentiles()

    def add() -> None:
        for number in range(10_000):
            percentiles.add(number / 1000, 0.0)

    within(0.010, add)
    within(0.0003, percentiles.read)
