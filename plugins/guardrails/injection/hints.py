"""What the words of a slice tell about what may be hidden in it."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

LONG = 16
"""Letters from which a word may be several that were run together, or an encoding."""


@dataclass(frozen=True, slots=True)
class Hints:
    """Words of a normalised slice, which tell at little cost what need not be tried."""

    words: Sequence[str]
    """In order."""
    different: Set[str]
    mixed: Sequence[str]
    """Of the different ones, those that have more than letters."""
    long: Sequence[str]
    """Of the different ones, the long ones."""


def hints_of(words: Sequence[str], different: Set[str]) -> Hints:
    """Return what the words of a slice tell."""
    return Hints(
        words,
        different,
        [word for word in different if not word.isalpha()],
        [word for word in different if len(word) >= LONG],
    )
