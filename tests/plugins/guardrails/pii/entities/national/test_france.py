"""Numbers of France."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.fr import nir

from plugins.guardrails.pii.entities.national.france import NIR, is_nir
from tests.plugins.guardrails.pii.entities.support import changed, found, numbers

VALID = ("295109912611193", "253072B07300470", "253072A07300443")
"""On the mainland, and in both departments of Corsica."""


def test_a_key_is_right_where_the_library_says_so() -> None:
    """Of 13 digits and two of key."""
    for number in numbers(13, 300):
        key = f"{97 - int(number) % 97:02}"
        assert is_nir(number + key)
        assert nir.calc_check_digits(number) == key


@given(st.sampled_from(VALID), st.integers(0, 14), st.integers(1, 9))
def test_each_wrong_digit_is_seen(number: str, place: int, shift: int) -> None:
    """A key by 97 finds each single mistake."""
    assert is_nir(number)
    assert nir.is_valid(number)
    assert found(NIR, changed(number, place, shift)) == []


@pytest.mark.parametrize("number", [*VALID, "2 95 10 99 126 111 93"])
def test_it_is_found_as_it_is_written(number: str) -> None:
    """In one, and in groups."""
    assert found(NIR, f"NIR : {number}.") == [number]
    assert found(NIR, f"{number}1") == []
