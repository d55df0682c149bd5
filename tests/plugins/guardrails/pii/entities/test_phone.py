"""Numbers of telephones."""

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from plugins.guardrails.pii.entities.phone import PHONE, is_international, is_national
from tests.plugins.guardrails.pii.entities.support import found

KINDS = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_numbers_of_each_region_are_found(region: str) -> None:
    """The library's examples are found in their international form, with groups and without."""
    for kind in KINDS:
        example = phonenumbers.example_number_for_type(region, kind)
        if example is not None:
            for form in (PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.E164):
                text = phonenumbers.format_number(example, form)
                assert found(PHONE, f"call {text}, please") == [text]


@pytest.mark.parametrize("region", ["US", "GB", "DE", "FR", "AU", "CH", "BE", "AT", "CA"])
def test_national_forms_are_found(region: str) -> None:
    """The library's examples in the national form of countries with a trunk prefix, or NANP."""
    for kind in KINDS:
        example = phonenumbers.example_number_for_type(region, kind)
        assert example is not None
        text = phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL)
        assert found(PHONE, f"call {text}, please") == [text]


@pytest.mark.parametrize(
    "text",
    [
        "+44 (0)20 7946 0958",
        "+49(0)151 1234567",
        "0049 30 123456",
        "001-415-555-2671",
        "+1 (415) 555-2671",
        "(415) 555-2671",
        "415-555-2671",
        "415.555.2671 ext. 12",
        "415\u2011555\u20112671",
        "070-123 45 67",
        "06 12 34 56 78",
        "(0117) 496 0123",
        "91 523 51 00",
        "612 34 56 78",
        "347 123 4232",
    ],
)
def test_other_forms_are_found(text: str) -> None:
    """Trunk prefixes in brackets, `00`, extensions, dots, and dashes that don't break."""
    assert found(PHONE, f"tel: {text}") == [text]


@pytest.mark.parametrize(
    "text",
    [
        "4155552671",
        "0123456789",
        "115-555-2671",
        "911-555-2671",
        "415-155-2671",
        "2024-01-31",
        "01.02.2024 12:30",
        "02-03-2024",
        "0-306-40615-2",
        "192.168.1.20",
        "0.123 456",
        "00123456789",
        "+999 123456789",
        "+1234",
        "612 345 678",
        "1 2 3 4 5 6 7 8 9",
    ],
)
def test_other_numbers_are_left(text: str) -> None:
    """Bare digits, dates, ISBNs, addresses, service codes, and grouped thousands."""
    assert found(PHONE, f"it is {text}") == []


def test_lengths_are_each_countrys() -> None:
    """France has nine digits after its code, no country has the code 999, dates have a year."""
    assert is_international("+33 1 23 45 67 89")
    assert not is_international("+33 1 23 45 67")
    assert not is_international("+999 1 23 45 67")
    assert is_national("030 1234567")
    assert not is_national("01-02-2024 12")
