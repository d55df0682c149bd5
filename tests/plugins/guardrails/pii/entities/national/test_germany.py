"""Numbers of Germany."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.de import idnr

from plugins.guardrails.pii.entities.national.germany import TAX_ID, is_tax_id
from tests.plugins.guardrails.pii.entities.support import changed, found, numbers

VALID = ("36574261809", "86095742719", "12345678995")
"""One digit twice, as until 2016."""


def test_a_tax_id_is_right_where_the_library_says_so() -> None:
    """Of eleven digits, one digit twice or thrice among the first ten."""
    for number in numbers(11, 20_000):
        if is_tax_id(number):
            assert idnr.is_valid(number)
    assert all(map(is_tax_id, ("36574261809", "86095742719")))


def test_the_rule_since_2016_is_known() -> None:
    """A digit may occur three times, but not three times in a row."""
    assert is_tax_id("65929970489")
    assert idnr.is_valid("65929970489")
    assert not is_tax_id("11122345679")


@given(st.sampled_from(VALID[:2]), st.integers(0, 10), st.integers(1, 9))
def test_each_wrong_digit_is_seen(number: str, place: int, shift: int) -> None:
    """MOD 11,10 finds each single mistake."""
    assert not is_tax_id(changed(number, place, shift))


@pytest.mark.parametrize("number", ["86095742719", "86 095 742 719"])
def test_it_is_found_as_it_is_written(number: str) -> None:
    """In one, and in groups."""
    assert found(TAX_ID, f"IdNr. {number}.") == [number]
    assert found(TAX_ID, f"1{number}") == []
