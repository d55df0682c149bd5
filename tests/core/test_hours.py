"""Hours of the day."""

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SettingsError
from core.hours import DAY, Hours, check_apart, minute_of_day, read_hours

minutes = st.integers(0, DAY - 1)


def written(begin: int, end: int) -> str:
    """Return hours as people write them."""
    return f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("22:00-07:00", (22 * 60, DAY - 1, 0, 7 * 60 - 1), (7 * 60, 12 * 60, 22 * 60 - 1)),
        ("7:00 - 9:30", (7 * 60, 9 * 60 + 29), (9 * 60 + 30, 0)),
        ("00:00-24:00", (0, DAY - 1), ()),
        ("23:59-00:00", (DAY - 1,), (0, DAY - 2)),
    ],
)
def test_hours_may_pass_midnight(
    text: str, inside: tuple[int, ...], outside: tuple[int, ...]
) -> None:
    """The first minute is in, the last is not; they may go on after midnight."""
    hours = read_hours(text, "x")
    assert all(hours.covers(minute) for minute in inside)
    assert not any(hours.covers(minute) for minute in outside)


@pytest.mark.parametrize(
    "text",
    ["", "22-7", "22:00", "24:00-07:00", "22:60-07:00", "07:00-07:00", "1:00-25:00", "a:b-c:d"],
)
def test_what_are_no_hours_is_explained(text: str) -> None:
    """The message names the setting, says how hours are written, and repeats what stands there."""
    with pytest.raises(SettingsError) as caught:
        read_hours(text, "quiet_hours")
    assert str(caught.value) == (
        f'quiet_hours: expected hours such as "22:00-07:00" or "00:00-24:00": \'{text}\''
    )


@given(minutes, minutes)
def test_hours_and_the_rest_make_the_day(begin: int, end: int) -> None:
    """Each minute lies in the hours or in what is left of the day, never in both."""
    if begin == end:
        return
    hours = read_hours(written(begin, end), "x")
    rest = read_hours(written(end, begin), "x")
    assert all(hours.covers(minute) != rest.covers(minute) for minute in range(0, DAY, 7))
    check_apart([hours, rest], "x")


@given(st.tuples(minutes, minutes), st.tuples(minutes, minutes))
def test_overlaps_are_found(one: tuple[int, int], other: tuple[int, int]) -> None:
    """Two are refused exactly when some minute lies in both."""
    if one[0] == one[1] or other[0] == other[1]:
        return
    both = [read_hours(written(*each), "x") for each in (one, other)]
    have_common = any(all(each.covers(minute) for each in both) for minute in range(DAY))
    if not have_common:
        check_apart(both, "tariff")
        return
    with pytest.raises(SettingsError) as caught:
        check_apart(both, "tariff")
    assert str(caught.value) == f"tariff: '{both[0].text}' and '{both[1].text}' overlap"


@pytest.fixture
def vienna(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine in Vienna."""
    monkeypatch.setenv("TZ", "Europe/Vienna")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("vienna")
def test_the_clock_on_the_wall_counts() -> None:
    """Noon of UTC is one o'clock in Vienna's winter, and two in its summer."""
    assert minute_of_day(1_767_268_800) == 13 * 60  # 2026-01-01 12:00 UTC
    assert minute_of_day(1_782_907_200) == 14 * 60  # 2026-07-01 12:00 UTC


def test_hours_are_a_value() -> None:
    """Two of the same hours are equal."""
    assert read_hours("1:00-2:00", "x") == Hours(text="1:00-2:00", begin=60, end=120)
