"""The automaton of some patterns: Thompson's, without loops as every repeat has a bound."""

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from plugins.guardrails.stream.charset import LAST, CharSet
from plugins.guardrails.stream.pattern import Chars, Choice, Pattern, Series

KNOWN_CHARS = 4096
"""Most characters whose class is kept; that of others is looked up each time."""


class Alphabet(dict[str, int]):
    """Numbers for characters: those that no set tells apart have the same one."""

    def __init__(self, sets: Sequence[CharSet]) -> None:
        super().__init__()
        starts = sorted(
            {0, LAST + 1}.union(
                edge for chars in sets for low, high in chars.ranges for edge in (low, high + 1)
            )
        )
        numbers: dict[tuple[bool, ...], int] = {}
        self._starts = starts
        self._numbers: list[int] = []
        for start, _ in pairwise(starts):
            signature = tuple(chr(start) in chars for chars in sets)
            self._numbers.append(numbers.setdefault(signature, len(numbers)))
        self._members = [
            frozenset(number for signature, number in numbers.items() if signature[at])
            for at in range(len(sets))
        ]
        self._at = {chars: at for at, chars in enumerate(sets)}

    def __missing__(self, char: str) -> int:
        number = self._numbers[bisect_right(self._starts, ord(char)) - 1]
        if len(self) < KNOWN_CHARS:
            self[char] = number
        return number

    def numbers_of(self, chars: CharSet) -> frozenset[int]:
        """Return the numbers of the characters of one of the sets that it was made with."""
        return self._members[self._at[chars]]


class Automaton:
    """Nodes with at most one move each, that takes a character, and free moves to others."""

    def __init__(self, alphabet: Alphabet) -> None:
        self._alphabet = alphabet
        self.takes: list[frozenset[int] | None] = []
        """For each node the classes of characters that it moves on with, to `to`."""
        self.to = array("i")
        self.free: list[tuple[int, ...]] = []
        """Where one gets from a node without a character."""
        self.accepts: dict[int, int] = {}
        """The number of the pattern that ends at a node."""
        self._closures: dict[int, tuple[int, ...]] = {}

    def add(self, pattern: Pattern, number: int) -> int:
        """Add a pattern; return the node where it starts."""
        start = self._node()
        self.accepts[self._build(pattern, start)] = number
        return start

    def closure(self, node: int) -> tuple[int, ...]:
        """Return the nodes that a node stands for: those that take a character or accept."""
        known = self._closures.get(node)
        if known is None:
            seen = {node}
            waiting = [node]
            while waiting:
                for after in self.free[waiting.pop()]:
                    if after not in seen:
                        seen.add(after)
                        waiting.append(after)
            known = self._closures[node] = tuple(
                each for each in seen if self.takes[each] is not None or each in self.accepts
            )
        return known

    def _node(self) -> int:
        self.takes.append(None)
        self.to.append(-1)
        self.free.append(())
        return len(self.to) - 1

    def _build(self, pattern: Pattern, start: int) -> int:
        """Add what leads from `start` through a pattern; return the node where it ends."""
        if isinstance(pattern, Chars):
            end = self._node()
            self.takes[start] = self._alphabet.numbers_of(pattern.chars)
            self.to[start] = end
            return end
        if isinstance(pattern, Series):
            for part in pattern.parts:
                start = self._build(part, start)
            return start
        if isinstance(pattern, Choice):
            end = self._node()
            for part in pattern.parts:
                begin = self._node()
                self.free[start] += (begin,)
                self.free[self._build(part, begin)] += (end,)
            return end
        end = self._node()
        ending = (end,)
        for count in range(pattern.most):
            if count >= pattern.least:
                self.free[start] += ending
            start = self._build(pattern.part, start)
        self.free[start] += ending
        return end


def sets_of(pattern: Pattern) -> set[CharSet]:
    """Return the sets of characters that a pattern names."""
    if isinstance(pattern, Chars):
        return {pattern.chars}
    if isinstance(pattern, Series | Choice):
        return set().union(*map(sets_of, pattern.parts))
    return sets_of(pattern.part)
