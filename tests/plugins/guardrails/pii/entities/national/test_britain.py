"""Numbers of the United Kingdom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.gb import nhs

from plugins.guardrails.pii.entities.national.britain import NHS, NINO, is_nhs
from tests.plugins.guardrails.pii.entities.support import changed, found, numbers


def test_a_number_of_the_nhs_is_right_where_the_library_says_so() -> None:
    """Of ten digits."""
    for number in numbers(10):
        assert is_nhs(number) == nhs.is_valid(number)


@given(st.integers(0, 9), st.integers(1, 9))
def test_each_wrong_digit_is_seen(place: int, shift: int) -> None:
    """Modulus 11 finds each single mistake."""
    assert is_nhs("9434765919")
    assert not is_nhs(changed("9434765919", place, shift))


@pytest.mark.parametrize(
    "number", ["943 476 5919", "9434765919", "943-476-5919", "943\u00a0476\u00a05919"]
)
def test_it_is_found_as_it_is_written(number: str) -> None:
    """In groups, with dashes, and bare."""
    assert found(NHS, f"NHS: {number}.") == [number]


@pytest.mark.parametrize("number", ["1700000001", "943 476 5918", "19434765919", "5555555555"])
def test_other_numbers_are_left(number: str) -> None:
    """Times, wrong digits, longer numbers."""
    assert found(NHS, number) == []


@pytest.mark.parametrize("number", ["AB123456C", "AB 12 34 56 C", "JG 103759 A"])
def test_a_national_insurance_number_is_found(number: str) -> None:
    """In pairs, and in one."""
    assert found(NINO, f"NI {number}, so") == [number]


@pytest.mark.parametrize(
    "number", ["QQ123456C", "BG123456A", "AO123456A", "AB123456E", "AB-123456-C", "XAB123456C"]
)
def test_prefixes_that_are_never_used_are_left(number: str) -> None:
    """Letters and pairs that HMRC does not give out, other suffixes, and numbers of parts."""
    assert found(NINO, number) == []
