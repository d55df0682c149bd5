"""Times that differ a little."""

import pytest

from plugins.routing.jitter import jittered


@pytest.mark.parametrize(("chance", "seconds"), [(0.0, 9.0), (0.5, 10.0), (1.0, 11.0)])
def test_a_time_differs_by_a_tenth_at_most(chance: float, seconds: float) -> None:
    """Chance makes a time a tenth shorter or longer, and no more."""
    assert jittered(10.0, lambda: chance) == pytest.approx(seconds)


def test_two_times_differ() -> None:
    """Without more it is chance."""
    assert len({jittered(10.0) for _ in range(5)}) > 1
