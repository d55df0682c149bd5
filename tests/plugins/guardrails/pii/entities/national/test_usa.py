"""Numbers of the United States."""

import pytest
from stdnum.us import itin, rtn, ssn

from plugins.guardrails.pii.entities.national.usa import (
    ITIN,
    ROUTING,
    SSN,
    is_itin,
    is_routing,
    is_ssn,
)
from tests.plugins.guardrails.pii.entities.support import found, numbers

PUBLISHED = {"078051120", "457555462", "219099999"}
"""Numbers that were printed in advertisements; they are found too."""


def test_ranges_are_the_authorities() -> None:
    """Nine digits are an SSN or an ITIN where the library says so, a routing number only there.

    The library does not know the middles 50 to 65, which the IRS gives out by now.
    """
    for number in numbers(9):
        is_newer = number[0] == "9" and 50 <= int(number[3:5]) <= 65
        ruled_out = number in PUBLISHED or len(set(number)) == 1
        assert is_ssn(number) == ssn.is_valid(number) or ruled_out
        assert is_itin(number) == (itin.is_valid(number) or is_newer)
        assert rtn.is_valid(number) or not is_routing(number)


@pytest.mark.parametrize("dash", ["-", "\u2011", "\u2013"])
def test_an_ssn_is_found_with_its_dashes(dash: str) -> None:
    """Among words, at the end of a sentence, and with dashes that models write."""
    number = dash.join(("123", "45", "6789"))
    assert found(SSN, f"SSN {number}.") == [number]
    assert found(SSN, f'"{number}"') == [number]


@pytest.mark.parametrize(
    "text", ["SSN: 123456789", "ssn=123456789", "Social Security number 123 45 6789"]
)
def test_bare_digits_are_an_ssn_after_its_name(text: str) -> None:
    """The match has the name in it."""
    assert found(SSN, f"my {text}, ok") == [text]


@pytest.mark.parametrize(
    "text",
    [
        "123456789",
        "000-12-3456",
        "666-12-3456",
        "900-12-3456",
        "123-00-4567",
        "123-45-0000",
        "111-11-1111",
        "1123-45-6789",
        "123-45-67890",
        "12-123-45-6789",
        "123-45-6789-01",
        "A123-45-6789",
        "415-555-2671",
    ],
)
def test_other_numbers_are_no_ssn(text: str) -> None:
    """Areas, groups and serials that are never given out, and pieces of longer numbers."""
    assert found(SSN, f"number {text} here") == []


def test_an_itin_is_found() -> None:
    """With dashes, or after its name."""
    assert found(ITIN, "912-70-1234 or ITIN 912701234") == ["912-70-1234", "ITIN 912701234"]
    assert found(ITIN, "912-49-1234") == []
    assert found(SSN, "912-70-1234") == []


def test_a_routing_number_is_found_after_its_name_only() -> None:
    """Every tenth number of nine digits passes."""
    assert found(ROUTING, "routing number: 021000021") == ["routing number: 021000021"]
    assert found(ROUTING, "routing number: 021000022, 021000021") == []
