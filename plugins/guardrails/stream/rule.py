"""A rule: what to find in a text, of which only pieces may be known yet."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A pattern with what must hold around it and for what it matches.

    Where several rules match, the leftmost match wins, of those the longest, of those the rule
    that is listed first.
    """

    name: str
    pattern: str
    """A regular expression of the subset that `pattern.py` states; its matches are bounded."""
    not_after: str = ""
    """The inside of a character class, as `0-9A-Za-z`: no match right after one of these."""
    not_before: str = ""
    """The inside of a character class: no match right before one of these."""
    ignore_case: bool = False
    """Whether letters of ASCII match in either case."""
    is_valid: Callable[[str], bool] | None = None
    """Judges a match; where it says no, the next shorter match from the same start is tried."""
    until: str = ""
    """After a match, what follows is taken too, up to the end of a match of this pattern."""
    most: int = 0
    """Most characters that `until` may take; beyond them the text is blocked."""
