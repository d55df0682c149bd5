"""What is added to all samples of one router is found, whatever disturbs some of them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.metrics_cost.compare import Estimate, difference, quick


@settings(max_examples=20, deadline=None)
@given(st.floats(-50, 50), st.integers(0, 1000))
def test_finds_the_difference(added: float, seed: int) -> None:
    """The estimate is near what one router takes more, under noise that only adds."""
    noise = np.random.default_rng(seed).exponential(10, size=(2, 400))
    found = difference((1, list(100 + added + noise[0])), (-1, list(100 + noise[1])))
    assert abs(found.value - added) < 3
    assert found.low < found.high


def test_equal_samples_do_not_differ() -> None:
    """A router differs from itself by nothing, for certain."""
    samples = [float(each) for each in range(100)]
    assert difference((1, samples), (-1, samples)) == Estimate(0.0, 0.0, 0.0)
    assert quick(samples) == 4.95


def test_arithmetic() -> None:
    """An estimate can be shifted and divided; it is shown with its interval."""
    assert Estimate(2, 1, 4) + 1 == Estimate(3, 2, 5)
    assert Estimate(2, 1, 4).per(2) == Estimate(1, 0.5, 2)
    assert str(Estimate(2, 1, 4)) == "2.0 (1.0 to 4.0)"
