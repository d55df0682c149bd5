"""Whether two variants differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.experiments.comparison import LEAST, means, proportions
from plugins.routing.experiments.moments import Moments


def of(*values: float) -> Moments:
    """Return the moments of these figures."""
    moments = Moments()
    for value in values:
        moments.add(value)
    return moments


def test_rates_are_compared_as_in_textbooks() -> None:
    """45 of 100 against 60 of 100: z = 2.124, p = 0.034."""
    found = proportions(45, 100, 60, 100)
    assert found is not None
    assert found.difference == pytest.approx(0.15)
    assert found.z == pytest.approx(2.1240, abs=1e-3)
    assert found.p == pytest.approx(0.0337, abs=1e-3)


def test_means_are_compared_as_in_textbooks() -> None:
    """Two samples whose means lie one apart, with a standard error of 0.16."""
    found = means(of(*[1.0, 2.0] * 20), of(*[1.0, 3.5, 3.0] * 20))
    assert found is not None
    assert found.difference == pytest.approx(1.0)
    assert found.z == pytest.approx(1.0 / (0.25 / 39 + 1.1666667 / 59) ** 0.5, rel=1e-6)
    assert 0 < found.p < 1e-6


@pytest.mark.parametrize("count", [0, 1, LEAST - 1])
def test_few_observations_say_nothing(count: int) -> None:
    """Of either side."""
    assert proportions(count, count, 50, 100) is None
    assert proportions(50, 100, count, count) is None
    assert means(of(*range(count)), of(*range(100))) is None


def test_what_never_differs_has_no_measure_of_chance() -> None:
    """All good on both sides, or the same figure each time."""
    assert proportions(100, 100, 100, 100) is None
    assert means(of(*[1.0] * 40), of(*[2.0] * 40)) is None


@given(good=st.integers(0, 100), others_good=st.integers(0, 100), more=st.integers(0, 1000))
def test_to_exchange_the_two_changes_the_sign_only(good: int, others_good: int, more: int) -> None:
    """And the probability is one."""
    there = proportions(good, 100, others_good, 100 + more)
    back = proportions(others_good, 100 + more, good, 100)
    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert there.z == pytest.approx(-back.z)
        assert there.p == pytest.approx(back.p)
        assert 0 <= there.p <= 1
