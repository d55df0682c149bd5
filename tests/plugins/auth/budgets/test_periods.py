"""The calendar of budgets."""

import re
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localai import Period
from plugins.auth.budgets.periods import end_of, in_words, start_of

PERIODS = st.sampled_from(get_args(Period))
TIMES = st.floats(0, datetime(2200, 1, 1, tzinfo=UTC).timestamp())


def at(text: str) -> float:
    """Return the Unix time of a moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@given(PERIODS, TIMES)
def test_each_moment_is_in_one_period(period: Period, now: float) -> None:
    """A period holds its moment, and is over in the future."""
    assert start_of(period, now) <= now < end_of(period, now)


@given(PERIODS, TIMES)
def test_periods_follow_each_other_without_a_gap(period: Period, now: float) -> None:
    """The end of a period is the start of the next one, and its last second is still its own."""
    start, end = start_of(period, now), end_of(period, now)
    assert start_of(period, start) == start_of(period, end - 1) == start
    assert start_of(period, end) == end
    assert end_of(period, start - 1) == start


@given(PERIODS, TIMES, TIMES)
def test_a_later_moment_is_never_in_an_earlier_period(
    period: Period, one: float, other: float
) -> None:
    """The start of the period grows with the time, and only with it."""
    assert start_of(period, min(one, other)) <= start_of(period, max(one, other))


@given(TIMES)
def test_shorter_periods_nest_in_longer_ones(now: float) -> None:
    """An hour lies in one day, and a day in one month."""
    assert start_of("month", now) <= start_of("day", now) <= start_of("hour", now)
    assert end_of("hour", now) <= end_of("day", now) <= end_of("month", now)


@pytest.mark.parametrize(
    ("period", "now", "start", "end"),
    [
        ("hour", "2026-03-29T01:59:59", "2026-03-29T01:00:00", "2026-03-29T02:00:00"),
        ("day", "2026-03-29T23:30:00", "2026-03-29T00:00:00", "2026-03-30T00:00:00"),
        ("month", "2026-12-31T23:59:59", "2026-12-01T00:00:00", "2027-01-01T00:00:00"),
        ("month", "2028-02-29T12:00:00", "2028-02-01T00:00:00", "2028-03-01T00:00:00"),
        ("month", "2026-02-01T00:00:00", "2026-02-01T00:00:00", "2026-03-01T00:00:00"),
        ("day", "1970-01-01T00:00:00", "1970-01-01T00:00:00", "1970-01-02T00:00:00"),
    ],
)
def test_periods_are_those_of_the_calendar(period: Period, now: str, start: str, end: str) -> None:
    """They begin at full hours, at midnight and on the first, in UTC, leap years too."""
    assert (start_of(period, at(now)), end_of(period, at(now))) == (at(start), at(end))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1 s"),
        (0.2, "1 s"),
        (41.5, "42 s"),
        (59.5, "1 min"),
        (61, "2 min"),
        (3540, "59 min"),
        (3541, "1 h 0 min"),
        (3 * 3600 + 12 * 60, "3 h 12 min"),
        (2 * 86_400, "2 d 0 h"),
        (30 * 86_400 + 1, "30 d 1 h"),
    ],
)
def test_a_wait_is_told_as_people_say_it(seconds: float, text: str) -> None:
    """Two units at most, rounded up, so that who waits as long has waited enough."""
    assert in_words(seconds) == text


@given(st.floats(0, 40 * 86_400))
def test_who_waits_as_long_as_told_has_waited_enough(seconds: float) -> None:
    """The words never say less than the wait, and at most an hour more."""
    length = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
    told = sum(
        int(number) * length[unit] for number, unit in re.findall(r"(\d+) (\w+)", in_words(seconds))
    )
    assert seconds <= told <= seconds + 3600
