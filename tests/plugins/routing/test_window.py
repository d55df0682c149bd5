"""Counts of what happened of late."""

from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.window import SLICES, Window
from tests.pace import within

EVENTS = st.lists(st.tuples(st.floats(0, 30), st.integers(0, 3), st.integers(0, 3)), max_size=30)


@given(events=EVENTS, pause=st.floats(0, 30))
def test_it_counts_what_happened_within_the_window(
    events: list[tuple[float, int, int]], pause: float
) -> None:
    """All of the last nine tenths of the window counts, nothing that is older than the window."""
    window, now, happened = Window(10.0), 0.0, []
    for seconds, all, of_kind in events:
        now += seconds
        window.add(now, all, of_kind)
        happened.append((now, all, of_kind))
    now += pause
    total = window.totals(now)
    for position in (0, 1):
        surely = sum(each[position + 1] for each in happened if each[0] >= now - 8.999)
        at_most = sum(each[position + 1] for each in happened if each[0] >= now - 10.001)
        assert surely <= total[position] <= at_most


def test_it_can_forget_all() -> None:
    """After that nothing has happened."""
    window = Window(10.0)
    window.add(3.0, 2, 1)
    assert window.totals(3.0) == (2, 1)
    window.clear()
    assert window.totals(3.0) == (0, 0)


def test_it_costs_next_to_nothing() -> None:
    """To count takes a microsecond, and a pause of years no longer than one of seconds."""
    window = Window(float(SLICES))

    def thousand() -> None:
        for number in range(1000):
            window.add(number * 1e6)

    within(0.03, thousand)
