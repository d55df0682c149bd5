"""How many answers at a time."""

from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.queue.slots import MOST, slots


@given(st.integers(1, 99), st.integers(0, 99), st.none() | st.integers(1, 4))
def test_slots_are_within_all_bounds(parallel: int, declared: int, forced: int | None) -> None:
    """There is one slot at least, and never more than host, owner, architecture or cap allow."""
    found = slots(parallel, declared, forced)
    assert 1 <= found <= min(parallel, declared or parallel, forced or MOST, MOST)


def test_without_a_word_the_host_decides() -> None:
    """Nothing declared and nothing forced leaves the host's own number."""
    assert slots(4) == 4
    assert slots(4, declared=2) == 2
    assert slots(4, declared=6) == 4
    assert slots(4, declared=3, forced=1) == 1
