"""Patterns in which one can be in many places at once are known before they are used."""

import pytest

from plugins.guardrails.stream.parser import parse
from plugins.guardrails.stream.width import width
from tests.pace import within


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("abc", 1),
        ("a|ab|abc", 3),
        ("[a-z]{1,64}@", 2),
        (r"eyJ[\w-]{8,400}\.eyJ[\w-]{8,600}\.[\w-]{16,400}", 2),
        (r"(?:[a-z0-9-]{1,63}\.){1,8}[a-z]{2,24}", 4),
    ],
)
def test_usual_patterns_are_narrow(text: str, places: int) -> None:
    """What has a separator, or a fixed beginning, is in few places at once."""
    assert width(parse(text), 200) == places


@pytest.mark.parametrize(
    "text", ["(?:a{1,50}){1,50}", "(?:a?){300}", "[ab]{0,300}a[ab]{300}", "(?:[a-z]{1,30} ?){1,30}"]
)
def test_repeats_within_repeats_are_wide(text: str) -> None:
    """What can be read in many ways is found out, in little time."""
    assert width(parse(text), 200) > 200
    within(0.1, lambda: width(parse(text), 200))
