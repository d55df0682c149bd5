"""How long a model stays, as requests say it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.catalogue.keep_alive import keep_seconds
from tests.double.go import parse_duration


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (300, 300.0),
        (1.5, 1.5),
        (0, 0.0),
        (-1, math.inf),
        ("5m", 300.0),
        ("1h30m", 5400.0),
        ("1.5h", 5400.0),
        (".5s", 0.5),
        ("10.s", 10.0),
        ("250ms", 0.25),
        ("+3s", 3.0),
        ("0", 0.0),
        ("-1s", math.inf),
        ("-0", 0.0),
        ("5µs", 5e-6),
    ],
)
def test_numbers_and_durations_are_read(value: float | str, seconds: float) -> None:
    """A number is in seconds, a text is Go's, what is negative means for ever."""
    assert keep_seconds(value) == pytest.approx(seconds)


@pytest.mark.parametrize("value", ["", "5", "-1", "m", "5 m", "1d", "1e3s", "s5", "9" * 200 + "s"])
def test_what_is_no_duration_is_refused(value: str) -> None:
    """A text without a unit, or with another one, is none."""
    with pytest.raises(ValueError, match="no duration"):
        keep_seconds(value)


@pytest.mark.parametrize("value", [math.nan, 1e300, "9999999999h"])
def test_what_go_could_not_hold_is_refused(value: float | str) -> None:
    """The longest duration is some 292 years."""
    with pytest.raises(ValueError, match="no duration"):
        keep_seconds(value)


@given(st.lists(st.tuples(st.integers(0, 999), st.sampled_from(["ms", "s", "m", "h"])), min_size=1))
def test_it_reads_as_go_does(parts: list[tuple[int, str]]) -> None:
    """Any sum of parts has the length that Go gives it."""
    text = "".join(f"{number}{unit}" for number, unit in parts)[:100]
    try:
        expected = parse_duration(text) / 1e9
    except ValueError:
        return
    assert keep_seconds(text) == pytest.approx(expected)
