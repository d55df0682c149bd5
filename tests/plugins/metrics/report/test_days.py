"""Days that are known."""

from hypothesis import given
from hypothesis import strategies as st

from plugins.metrics.report.days import Days
from plugins.metrics.report.figures import Figures
from plugins.metrics.report.span import Span
from plugins.metrics.report.sums import NAMES


def day(number: int) -> Span:
    """Return a day."""
    return Span(begin=number * 86_400.0, end=(number + 1) * 86_400.0)


def figures(keys: int) -> Figures:
    """Return figures of as many keys."""
    made = Figures()
    for key in range(keys):
        made.add([f"key:{key}", "m", "t", "chat", "ok", *([1] * len(NAMES))])
    return made


def test_a_day_is_known_while_it_has_as_many_rows() -> None:
    """Another row, another filter or another day is asked for anew."""
    days, kept = Days(), figures(1)
    days.put(day(1), {"tenant": "t"}, 5, kept)
    assert days.get(day(1), {"tenant": "t"}, 5) is kept
    assert days.get(day(1), {"tenant": "t"}, 6) is None
    assert days.get(day(1), {}, 5) is None
    assert days.get(day(2), {"tenant": "t"}, 5) is None


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 8)), max_size=20))
def test_memory_is_bounded(put: list[tuple[int, int]]) -> None:
    """No more sums are kept than may be; the day that was put last is among them if it fits."""
    days = Days(most=20)
    for number, keys in put:
        made = figures(keys)
        days.put(day(number), {}, keys, made)
        found = [days.get(day(n), {}, c) for n in range(6) for c in range(9)]
        assert sum(each.size for each in found if each is not None) <= 20
        assert days.get(day(number), {}, keys) is made


def test_what_is_asked_for_stays() -> None:
    """The day that was not asked for the longest goes first."""
    days = Days(most=3 * figures(1).size)
    for number in range(3):
        days.put(day(number), {}, 1, figures(1))
    assert days.get(day(0), {}, 1) is not None
    days.put(day(3), {}, 1, figures(1))
    assert [days.get(day(number), {}, 1) is not None for number in range(4)] == [1, 0, 1, 1]
