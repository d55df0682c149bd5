"""How long models stay."""

from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.queue.keeping import HALF_LIFE, MOST, Keeping


@given(st.integers(0, 200), st.floats(1e6, 1e12), st.floats(0, 1e6))
def test_times_are_within_their_bounds(uses: int, size: float, later: float) -> None:
    """No use and no size makes a time that is shorter or longer than the file allows."""
    keeping = Keeping(300, 7200)
    for _ in range(uses):
        keeping.used("a", 5e9, 0.0)
    assert 300 <= keeping.seconds("a", size, later) <= 7200


def test_what_is_used_more_stays_longer() -> None:
    """Of two models of one size, that one leaves first which is asked for less."""
    keeping = Keeping(300, 7200)
    for model, uses in (("often", 20), ("seldom", 2)):
        for _ in range(uses):
            keeping.used(model, 5e9, 0.0)
    assert keeping.seconds("often", 5e9, 0.0) > keeping.seconds("seldom", 5e9, 0.0) > 300


def test_what_is_small_stays_longer() -> None:
    """Of two models that are used as often, the large one leaves first."""
    keeping = Keeping(300, 7200)
    for model in ("small", "large"):
        for _ in range(8):
            keeping.used(model, 5e9, 0.0)
    assert keeping.seconds("small", 2e9, 0.0) > keeping.seconds("large", 40e9, 0.0)


def test_use_is_forgotten() -> None:
    """After an hour, a use counts half."""
    keeping = Keeping(300, 7200)
    keeping.used("a", 5e9, 0.0)
    assert keeping.uses("a", HALF_LIFE) == 0.5
    assert keeping.uses("b", HALF_LIFE) == 0.0


def test_memory_is_bounded() -> None:
    """Of too many models, those are forgotten that were not used for the longest time."""
    keeping = Keeping(300, 7200)
    for number in range(MOST + 10):
        keeping.used(str(number), 5e9, 0.0)
    assert keeping.uses("9", 0.0) == 0
    assert keeping.uses("10", 0.0) == 1
