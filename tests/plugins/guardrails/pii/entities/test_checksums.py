"""Check digits, against a library of them and against what they promise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import ean, luhn, verhoeff
from stdnum.iso7064 import mod_11_10, mod_97_10

from plugins.guardrails.pii.entities import checksums

digits = st.text("0123456789", min_size=2, max_size=24)


@given(digits)
def test_luhn_is_luhn(number: str) -> None:
    """A number passes where the library says so."""
    assert checksums.luhn(number) == luhn.is_valid(number)


@given(digits)
def test_mod11_10_is_the_standards(number: str) -> None:
    """A number passes where the library says so."""
    assert checksums.mod11_10(number) == mod_11_10.is_valid(number)


@given(digits)
def test_verhoeff_is_verhoeffs(number: str) -> None:
    """A number passes where the library says so."""
    assert checksums.verhoeff(number) == verhoeff.is_valid(number)


@given(st.text("0123456789ABCXYZ", min_size=2, max_size=34))
def test_mod97_is_the_standards(text: str) -> None:
    """A text passes where the library says so."""
    assert checksums.mod97(text) == mod_97_10.is_valid(text)


@given(st.text("0123456789", min_size=13, max_size=13))
def test_ean13_is_the_barcodes(number: str) -> None:
    """13 digits pass where the library says so."""
    assert checksums.ean13(number) == ean.is_valid(number)


@given(digits, st.integers(0, 23), st.integers(1, 9))
def test_each_wrong_digit_is_found(body: str, place: int, shift: int) -> None:
    """With one digit changed, Luhn's, Verhoeff's and MOD 11,10 never pass again."""
    for check, calculate in (
        (checksums.luhn, luhn.calc_check_digit),
        (checksums.verhoeff, verhoeff.calc_check_digit),
        (checksums.mod11_10, mod_11_10.calc_check_digit),
    ):
        number = body + calculate(body)
        at = place % len(number)
        wrong = f"{number[:at]}{(int(number[at]) + shift) % 10}{number[at + 1 :]}"
        assert check(number)
        assert not check(wrong)


@pytest.mark.parametrize(("number", "total"), [("123", 1 + 4 + 9), ("12", 5), ("1234", 14)])
def test_a_weighted_sum_ends_with_the_shorter(number: str, total: int) -> None:
    """Digits without a weight, and weights without a digit, don't count."""
    assert checksums.weighted(number, (1, 2, 3)) == total
