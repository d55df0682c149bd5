"""Numbers of India."""

import pytest
from stdnum.in_ import aadhaar, pan

from plugins.guardrails.pii.entities.national.india import AADHAAR, PAN, is_aadhaar
from tests.plugins.guardrails.pii.entities.support import found, numbers


def test_an_aadhaar_is_right_where_the_library_says_so() -> None:
    """Of twelve digits."""
    for number in numbers(12):
        if number[0] > "1":
            assert is_aadhaar(number) == aadhaar.is_valid(number)


@pytest.mark.parametrize("number", ["2341 2341 2346", "2341-2341-2346", "Aadhaar: 234123412346"])
def test_it_is_found_as_it_is_written(number: str) -> None:
    """In groups, or bare after its name."""
    assert found(AADHAAR, f"is {number}.") == [number]


@pytest.mark.parametrize(
    "number", ["234123412346", "2341 2341 2347", "1341 2341 2346", "222222222222"]
)
def test_other_numbers_are_left(number: str) -> None:
    """Bare digits, a wrong one, and a first digit that isn't given out."""
    assert found(AADHAAR, number) == []


def test_a_pan_has_the_letter_of_its_holder() -> None:
    """Its form agrees with the library."""
    for text in ("ABCPE1234F", "ACUPA7085R", "AAACT2727Q", "ABCDE1234F", "ABCXE1234F"):
        assert (found(PAN, f"PAN {text}.") == [text]) == pan.is_valid(text)
    assert found(PAN, "XABCPE1234F") == []
