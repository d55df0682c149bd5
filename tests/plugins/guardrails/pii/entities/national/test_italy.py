"""Numbers of Italy."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.it import codicefiscale

from plugins.guardrails.pii.entities.national.italy import FISCAL_CODE, is_fiscal_code
from tests.plugins.guardrails.pii.entities.support import found


@given(st.text(string.ascii_uppercase + string.digits, min_size=15, max_size=15))
def test_the_last_letter_is_the_librarys(code: str) -> None:
    """Of any 15 characters; no other letter passes."""
    right = codicefiscale.calc_check_digit(code)
    assert [each for each in string.ascii_uppercase if is_fiscal_code(code + each)] == [right]


@pytest.mark.parametrize("code", ["RSSMRA85T10A562S", "RSS MRA 85T10 A562S", "RCCMNL83S18D969H"])
def test_a_code_is_found_as_it_is_written(code: str) -> None:
    """In one, and in groups."""
    assert found(FISCAL_CODE, f"C.F. {code}.") == [code]


def test_letters_for_digits_are_known() -> None:
    """Omocodia: the same person's code with a letter for a digit is found too."""
    body = "RSSMRA85T10A56N"
    code = body + codicefiscale.calc_check_digit(body)
    assert found(FISCAL_CODE, code) == [code]


@pytest.mark.parametrize("code", ["RSSMRA85T10A562T", "RSSMRA85Z10A562S", "XRSSMRA85T10A562S"])
def test_wrong_codes_are_left(code: str) -> None:
    """A wrong letter, a month that isn't, and a piece of something else."""
    assert found(FISCAL_CODE, code) == []
