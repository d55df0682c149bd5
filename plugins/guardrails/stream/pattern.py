r"""The regular expressions of rules: a subset of `re`'s whose matches are bounded.

    literals, and \ before any sign     \t \n \r \xhh \uhhhh \Uhhhhhhhh
    .  anything but a line feed         \d \w \s \D \W \S  of ASCII, as with `re.ASCII`
    [a-z_] [^a-z]                       (…) (?:…) are the same, | stands for or
    ?  {n}  {n,m}

The longest match counts, so there is nothing greedy or lazy. What stands around a match is not
for the pattern to say: a rule has `not_after` and `not_before`.
"""

from dataclasses import dataclass
from functools import cached_property

from plugins.guardrails.stream.charset import CharSet


@dataclass(frozen=True)
class Chars:
    """One character of a set."""

    chars: CharSet
    shortest = 1
    longest = 1
    size = 1


@dataclass(frozen=True)
class Series:
    """One part after the other; without parts, the empty text."""

    parts: tuple["Pattern", ...]

    @cached_property
    def shortest(self) -> int:
        """Characters of the shortest match."""
        return sum(part.shortest for part in self.parts)

    @cached_property
    def longest(self) -> int:
        """Characters of the longest match."""
        return sum(part.longest for part in self.parts)

    @cached_property
    def size(self) -> int:
        """How many single characters it has when repeats are written out."""
        return sum(part.size for part in self.parts)


@dataclass(frozen=True)
class Choice:
    """One of several."""

    parts: tuple["Pattern", ...]

    @cached_property
    def shortest(self) -> int:
        """Characters of the shortest match."""
        return min(part.shortest for part in self.parts)

    @cached_property
    def longest(self) -> int:
        """Characters of the longest match."""
        return max(part.longest for part in self.parts)

    @cached_property
    def size(self) -> int:
        """How many single characters it has when repeats are written out."""
        return sum(part.size for part in self.parts)


@dataclass(frozen=True)
class Repeat:
    """A part, at least `least` and at most `most` times."""

    part: "Pattern"
    least: int
    most: int

    @cached_property
    def shortest(self) -> int:
        """Characters of the shortest match."""
        return self.least * self.part.shortest

    @cached_property
    def longest(self) -> int:
        """Characters of the longest match."""
        return self.most * self.part.longest

    @cached_property
    def size(self) -> int:
        """How many single characters it has when repeats are written out."""
        return self.most * self.part.size


Pattern = Chars | Series | Choice | Repeat
