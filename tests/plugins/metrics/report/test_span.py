"""Reading times."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localai import InvalidRequest
from plugins.metrics.report.span import Span, iso, read_span
from tests.plugins.metrics.report.support import DAY, HOUR, NOON


def test_without_texts_it_is_the_usual_time_until_now() -> None:
    """Neither bound need be said; one that is said moves the other along."""
    assert read_span(None, None, DAY, NOON) == Span(begin=NOON - DAY, end=NOON)
    assert read_span(None, "1d", DAY, NOON) == Span(begin=NOON - 2 * DAY, end=NOON - DAY)
    assert read_span(None, None, 2 * NOON, NOON) == Span(begin=0, end=NOON)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("7d", NOON - 7 * DAY),
        ("1h30m", NOON - 1.5 * HOUR),
        ("2025-11-10", NOON - 12 * HOUR),
        ("2025-11-10T11:00", NOON - HOUR),
        ("2025-11-10T11:00:00Z", NOON - HOUR),
        ("2025-11-10T11:00:00+01:00", NOON - 2 * HOUR),
        ("1970-01-01", 0.0),
    ],
)
def test_a_moment_is_a_date_or_a_time_ago(text: str, moment: float) -> None:
    """Times without an offset are in UTC."""
    assert read_span(text, "now", DAY, NOON) == Span(begin=moment, end=NOON)


@pytest.mark.parametrize(
    "text", ["yesterday", "", "7", "-1d", "2025-13-01", "1969-12-31", "9999-12-31", "2025-11-10 x"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    """The error names the parameter and says how to write one."""
    with pytest.raises(InvalidRequest, match=r'^to: expected a time ago such as "7d"') as error:
        read_span(None, text, DAY, NOON)
    assert error.value.param == "to"


@pytest.mark.parametrize(("begin", "end"), [("1d", "2d"), ("now", "now"), ("2026-01-01", None)])
def test_an_end_before_the_beginning_is_refused(begin: str, end: str | None) -> None:
    """No time that has no moment in it is reported as one in which nothing was used."""
    with pytest.raises(InvalidRequest, match="is not before"):
        read_span(begin, end, DAY, NOON)


@given(st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1), timezones=st.just(UTC)))
def test_what_is_shown_can_be_asked_for(moment: datetime) -> None:
    """A moment that an answer shows is read as the same, down to the millisecond."""
    later = moment + timedelta(days=1)
    read = read_span(iso(moment.timestamp()), iso(later.timestamp()), DAY, NOON)
    assert read.begin == pytest.approx(moment.timestamp(), abs=0.001)
    assert iso(read.begin) == iso(moment.timestamp())
