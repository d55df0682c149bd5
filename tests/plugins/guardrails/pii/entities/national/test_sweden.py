"""Numbers of Sweden."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum import luhn
from stdnum.se import personnummer

from plugins.guardrails.pii.entities.national.sweden import PERSONAL_NUMBER, is_personal_number
from tests.plugins.guardrails.pii.entities.support import changed, found


@given(st.dates(datetime.date(1900, 1, 1), datetime.date(2020, 1, 1)), st.integers(0, 999))
@settings(max_examples=30)
def test_a_number_is_right_where_the_library_says_so(day: datetime.date, serial: int) -> None:
    """Of any day, with the right last digit and with another."""
    body = f"{day:%y%m%d}{serial:03}"
    right = luhn.calc_check_digit(body)
    for digit in (right, str((int(right) + 1) % 10)):
        text = f"{body[:6]}-{body[6:]}{digit}"
        assert is_personal_number(text) == personnummer.is_valid(text) == (digit == right)
        assert is_personal_number(f"{day:%Y%m%d}{serial:03}{digit}") == (digit == right)


@given(st.integers(0, 9), st.integers(1, 9))
def test_each_wrong_digit_is_seen(place: int, shift: int) -> None:
    """Luhn's digit finds each single mistake."""
    assert not is_personal_number(changed("811228-9874", place, shift))


@pytest.mark.parametrize(
    "number", ["811228-9874", "19811228-9874", "198112289874", "121212+1212", "701063-2391"]
)
def test_it_is_found_as_it_is_written(number: str) -> None:
    """With a century, for those over a hundred, and as a coordination number."""
    assert found(PERSONAL_NUMBER, f"pnr {number}.") == [number]


@pytest.mark.parametrize("number", ["8112289874", "811328-9874", "811228-9873", "1-811228-9874"])
def test_other_numbers_are_left(number: str) -> None:
    """Ten bare digits, a month that isn't, a wrong digit, a longer number."""
    assert found(PERSONAL_NUMBER, number) == []
