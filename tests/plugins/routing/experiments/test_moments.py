"""Means without the figures."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.experiments.moments import Moments


@given(values=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50))
def test_it_is_what_statistics_says(values: list[float]) -> None:
    """Number, sum, mean and variance are those of all figures together."""
    moments = Moments()
    for value in values:
        moments.add(value)
    assert moments.count == len(values)
    assert moments.total == pytest.approx(sum(values), abs=1e-3)
    assert moments.mean == pytest.approx(statistics.fmean(values), abs=1e-6)
    assert moments.variance == pytest.approx(statistics.variance(values), rel=1e-6, abs=1e-3)


def test_of_nothing_all_is_nought() -> None:
    """And one figure does not scatter."""
    moments = Moments()
    assert moments.report() == {"count": 0, "mean": 0.0, "deviation": 0.0}
    moments.add(3.0)
    assert moments.report() == {"count": 1, "mean": 3.0, "deviation": 0.0}
