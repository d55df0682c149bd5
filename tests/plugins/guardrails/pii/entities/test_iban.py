"""International bank account numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iban as oracle

from plugins.guardrails.pii.entities.iban import IBAN, is_iban
from tests.plugins.guardrails.pii.entities.support import changed, found

# The examples of the SWIFT registry.
IBANS = (
    "DE89370400440532013000",
    "GB29NWBK60161331926819",
    "FR1420041010050500013M02606",
    "ES9121000418450200051332",
    "IT60X0542811101000000123456",
    "NL91ABNA0417164300",
    "PL61109010140000071219812874",
    "SE4550000000058398257466",
    "CH9300762011623852957",
    "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S",
    "BR1800360305000010009795493C1",
    "BY13NBRB3600900000002Z00AB00",
)


@pytest.mark.parametrize("iban", IBANS)
def test_the_registrys_examples_are_found(iban: str) -> None:
    """In one, in fours, with dashes, in small letters; alone and among words."""
    fours = [iban[at : at + 4] for at in range(0, len(iban), 4)]
    for form in (iban, " ".join(fours), "-".join(fours), iban.lower(), "\u00a0".join(fours)):
        assert found(IBAN, f"to {form}, please") == [form]


@pytest.mark.parametrize("iban", IBANS)
@pytest.mark.parametrize("after", ["THANKS", " THANKS A LOT", "-REF 12", "AB12CD34EF", " 99 BIC X"])
def test_capitals_after_an_iban_do_not_hide_it(iban: str, after: str) -> None:
    """The country's length says where it ends, whatever follows."""
    assert found(IBAN, iban + after) == [iban]


@given(st.sampled_from(IBANS), st.integers(0, 30), st.integers(1, 9))
def test_each_wrong_digit_is_seen(iban: str, place: int, shift: int) -> None:
    """MOD 97-10 finds each single mistake."""
    assert not is_iban(changed(iban, place, shift))


@given(st.sampled_from([iban[:2] for iban in IBANS]), st.text("0123456789", min_size=2, max_size=2))
def test_a_text_is_an_iban_where_the_library_says_so(country: str, check: str) -> None:
    """Country, length, structure and check agree with another implementation."""
    for iban in IBANS:
        text = country + check + iban[4:]
        assert is_iban(text) == oracle.is_valid(text, check_country=False)


def test_countries_without_ibans_have_none() -> None:
    """A right check does not help a country that is not in the registry."""
    assert not is_iban("US64SVBKUS6S3300958879")
    assert found(IBAN, "US64SVBKUS6S3300958879") == []
