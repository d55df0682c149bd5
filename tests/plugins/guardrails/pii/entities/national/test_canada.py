"""Numbers of Canada."""

import pytest
from stdnum.ca import sin

from plugins.guardrails.pii.entities.national.canada import SIN, is_sin
from tests.plugins.guardrails.pii.entities.support import changed, found, numbers


def test_a_number_is_right_where_the_library_says_so() -> None:
    """Of nine digits."""
    for number in numbers(9):
        assert is_sin(number) == sin.is_valid(number)


def test_each_wrong_digit_is_seen() -> None:
    """Luhn's digit finds each single mistake."""
    for place in range(9):
        for shift in range(1, 10):
            assert not is_sin(changed("130692544", place, shift))


@pytest.mark.parametrize("text", ["130 692 544", "130-692-544", "SIN: 130692544"])
def test_it_is_found_as_it_is_written(text: str) -> None:
    """In groups, or bare after its name."""
    assert found(SIN, f"is {text}.") == [text]


@pytest.mark.parametrize("text", ["130692544", "130 692 545", "046 454 286", "130 692 5440"])
def test_other_numbers_are_left(text: str) -> None:
    """Bare digits, a wrong one, and a first digit that isn't given out."""
    assert found(SIN, text) == []
