"""Numbers of Poland."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.pl import pesel

from plugins.guardrails.pii.entities.national.poland import PESEL, is_pesel
from tests.plugins.guardrails.pii.entities.support import changed, found, numbers


def test_a_number_is_right_where_the_library_says_so() -> None:
    """Of eleven digits, of which some begin with a date of any century."""
    for number in numbers(7):
        for month in ("01", "12", "21", "32", "41", "72", "92", "13"):
            text = f"{number[:2]}{month}{number[2:]}00"[:11]
            if is_pesel(text):
                assert pesel.calc_check_digit(text[:-1]) == text[-1]
            elif pesel.is_valid(text):
                pytest.fail(text)


@given(st.integers(0, 10), st.integers(1, 9))
def test_each_wrong_digit_is_seen(place: int, shift: int) -> None:
    """The weights have no common divisor with ten."""
    assert is_pesel("44051401359")
    assert not is_pesel(changed("44051401359", place, shift))


@pytest.mark.parametrize("number", ["44051401359", "02070803628"])
def test_it_is_found(number: str) -> None:
    """Among words, and not within a longer number."""
    assert found(PESEL, f"PESEL {number}.") == [number]
    assert found(PESEL, f"{number}0") == []


def test_a_day_that_is_not_is_no_birth() -> None:
    """The 31st of February, with a right last digit, is nobody's."""
    body = "4402310135"
    assert not is_pesel(body + pesel.calc_check_digit(body))
