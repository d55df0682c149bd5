"""Sets of characters, as ranges of code points."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LAST = 0x10FFFF
BOUNDARY = "\0"
"""Stands between texts that are looked at as one; it is in no set."""

_CASE_GAP = ord("a") - ord("A")


@dataclass(frozen=True, slots=True)
class CharSet:
    """Some characters; `ranges` are sorted, do not touch, and include both ends."""

    ranges: tuple[tuple[int, int], ...]

    def __contains__(self, char: str) -> bool:
        code = ord(char)
        at = bisect_right(self.ranges, (code, LAST + 1)) - 1
        return at >= 0 and code <= self.ranges[at][1]

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __or__(self, other: "CharSet") -> "CharSet":
        return of_ranges([*self.ranges, *other.ranges])

    def __len__(self) -> int:
        return sum(high - low + 1 for low, high in self.ranges)

    def chars(self) -> Iterator[str]:
        """Yield the characters, one by one."""
        for low, high in self.ranges:
            yield from map(chr, range(low, high + 1))

    def negated(self) -> "CharSet":
        """Return all other characters; the boundary is never one of them."""
        gaps = []
        begin = 1
        for low, high in self.ranges:
            if begin < low:
                gaps.append((begin, low - 1))
            begin = high + 1
        if begin <= LAST:
            gaps.append((begin, LAST))
        return CharSet(tuple(gaps))

    def meets(self, other: "CharSet") -> bool:
        """Say whether the two have a character in common."""
        return len(self | other) < len(self) + len(other)

    def in_either_case(self) -> "CharSet":
        """Return the set with the other case of each of its letters of ASCII."""
        swapped = []
        for first, last, shift in (("a", "z", -_CASE_GAP), ("A", "Z", _CASE_GAP)):
            for low, high in self.ranges:
                low, high = max(low, ord(first)), min(high, ord(last))
                if low <= high:
                    swapped.append((low + shift, high + shift))
        return of_ranges([*self.ranges, *swapped])

    def as_class(self) -> str:
        """Return the inside of a character class for `re`."""
        if self.ranges and self.ranges[-1][1] == LAST:
            # `re` takes milliseconds to compile a set of most characters, unless it is negated.
            return f"^{_escaped(0)}{_class_of(self.negated())}"
        return _class_of(self)


def of_ranges(ranges: Iterable[tuple[int, int]]) -> CharSet:
    """Return the characters of all these ranges, which may overlap."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return CharSet(tuple(merged))


def of_chars(chars: Iterable[str]) -> CharSet:
    """Return the set of these characters."""
    return of_ranges((ord(char), ord(char)) for char in chars)


def _class_of(chars: CharSet) -> str:
    return "".join(
        _escaped(low) if low == high else f"{_escaped(low)}-{_escaped(high)}"
        for low, high in chars.ranges
    )


def _escaped(code: int) -> str:
    return f"\\U{code:08x}"


NOTHING = CharSet(())
DIGITS = of_ranges([(ord("0"), ord("9"))])
LETTERS = of_ranges([(ord("A"), ord("Z")), (ord("a"), ord("z"))])
WORD = DIGITS | LETTERS | of_chars("_")
SPACE = of_chars(" \t\n\r\f\v")
ANY = of_chars("\n").negated()
