"""Numbers of Spain."""

import pytest
from stdnum.es import dni, nie

from plugins.guardrails.pii.entities.national.spain import DNI, NIE, is_dni, is_nie
from tests.plugins.guardrails.pii.entities.support import found, numbers

LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


def test_a_letter_is_right_where_the_library_says_so() -> None:
    """Of both kinds of number, with each letter."""
    for number in numbers(8, 100):
        for letter in LETTERS:
            assert is_dni(number + letter) == dni.is_valid(number + letter)
            foreign = f"{'XYZ'[int(number[0]) % 3]}{number[1:]}{letter}"
            assert is_nie(foreign) == nie.is_valid(foreign)


@pytest.mark.parametrize("number", ["12345678Z", "12345678-Z", "12.345.678-Z", "12345678z"])
def test_an_identity_document_is_found(number: str) -> None:
    """With a dash, with points, and with a small letter."""
    assert found(DNI, f"DNI {number}.") == [number]
    assert found(DNI, f"1{number}") == []


@pytest.mark.parametrize("number", ["X1234567L", "X-1234567-L"])
def test_a_foreigners_number_is_found(number: str) -> None:
    """With dashes, and without."""
    assert found(NIE, f"NIE {number}.") == [number]


@pytest.mark.parametrize("number", ["12345678A", "00000000T", "12345678I", "A1234567L"])
def test_other_letters_are_left(number: str) -> None:
    """A wrong letter, one that is never used, and the number of nobody."""
    assert found(DNI, number) == found(NIE, number) == []
