"""Numbers of Australia."""

import pytest
from stdnum.au import abn, tfn

from plugins.guardrails.pii.entities.national.australia import (
    ABN,
    MEDICARE,
    TFN,
    is_abn,
    is_medicare,
    is_tfn,
)
from tests.plugins.guardrails.pii.entities.support import changed, found, numbers


def test_numbers_are_right_where_the_library_says_so() -> None:
    """Of nine and of eleven digits that don't begin with 0."""
    for number in numbers(11):
        if number[0] != "0":
            assert is_abn(number) == abn.is_valid(number)
            assert is_tfn(number[:9]) == tfn.is_valid(number[:9])


def test_each_wrong_digit_of_a_medicare_number_is_seen() -> None:
    """The weights have no common divisor with ten; the issue's number, the last, is free."""
    assert is_medicare("2123456701")
    for place in range(9):
        for shift in range(1, 10):
            assert not is_medicare(changed("2123456701", place, shift))


@pytest.mark.parametrize("text", ["123 456 782", "123-456-782", "TFN: 123456782"])
def test_a_tax_file_number_is_found(text: str) -> None:
    """In groups, or bare after its name."""
    assert found(TFN, f"is {text}.") == [text]


@pytest.mark.parametrize("text", ["51 824 753 556", "51824753556"])
def test_a_business_number_is_found(text: str) -> None:
    """In groups, and bare."""
    assert found(ABN, f"ABN {text}.") == [text]


@pytest.mark.parametrize("text", ["2123 45670 1", "2123 45670 1/2", "Medicare no. 2123456701"])
def test_a_medicare_number_is_found(text: str) -> None:
    """In groups, with the number of its holder, or bare after its name."""
    assert found(MEDICARE, f"is {text}, so") == [text]


def test_bare_digits_are_left() -> None:
    """Every eleventh, or tenth, number of so many digits passes."""
    assert found(TFN, "123456782") == found(MEDICARE, "2123456701") == []
