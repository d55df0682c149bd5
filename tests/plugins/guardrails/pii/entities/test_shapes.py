"""What entities share."""

import pytest

from plugins.guardrails.pii.entities.shapes import (
    DASH,
    GAP,
    SEPARATOR,
    SPACE,
    WORD,
    bare,
    digits_of,
    named,
)
from plugins.guardrails.stream.matcher import Matcher
from plugins.guardrails.stream.rule import Rule

GAPS = " \u00a0\u2009\u202f-\u2010\u2011\u2012\u2013\u2212"


@pytest.mark.parametrize("gap", GAPS)
def test_each_separator_is_seen_and_taken_out(gap: str) -> None:
    """Spaces that don't break, and the dashes that models write, separate groups too."""
    assert Matcher([Rule(name="x", pattern=f"a{GAP}b")]).find(f"a{gap}b")
    assert Matcher([Rule(name="x", pattern=f"a[{SEPARATOR}]b")]).find(f"a{gap}b")
    assert bare(f"12{gap}34") == digits_of(f"12{gap}34") == "1234"


def test_spaces_and_dashes_are_apart() -> None:
    """A number that is printed with dashes isn't found with spaces, nor within a word."""
    assert not Matcher([Rule(name="x", pattern=f"a[{DASH}]b")]).find("a b")
    assert not Matcher([Rule(name="x", pattern=f"a[{SPACE}]b")]).find("a-b")
    assert not Matcher([Rule(name="x", pattern="a", not_after=WORD, not_before=WORD)]).find(
        "_a, a1"
    )


@pytest.mark.parametrize(
    "text",
    [
        "SSN 123",
        "SSN: 123",
        "SSN number: 123",
        "ssn=123",
        "SSN No. 123",
        "ssn_number: 123",
        '"ssn": "123',
        "SSN is 123",
        "SSN#123",
    ],
)
def test_a_named_number_is_found_after_its_name(text: str) -> None:
    """However the name is followed: a colon, `number`, `No.`, quotes, `is`."""
    rules = named("x", ("SSN", "ssn"), "[0-9]{3}", lambda text: text.endswith("123"))
    assert len(Matcher(rules).find(text)) == 1
    assert Matcher(rules).find("123, and x123") == []
