"""Sets of characters obey the laws of sets."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.stream import charset
from plugins.guardrails.stream.charset import BOUNDARY, CharSet, of_chars, of_ranges

sets = st.lists(st.characters(min_codepoint=1), max_size=8).map(of_chars)
chars = st.characters(min_codepoint=1)


@given(sets, sets, chars)
def test_a_union_has_what_either_has(one: CharSet, other: CharSet, char: str) -> None:
    """A character is in a union exactly if it is in one of the sets."""
    assert (char in (one | other)) == (char in one or char in other)
    assert one.meets(other) == bool(set(_members(one)) & set(_members(other)))


@given(sets, chars)
def test_a_negation_has_what_the_set_lacks(some: CharSet, char: str) -> None:
    """A character is in a set or in its negation, and the boundary is in neither."""
    assert (char in some) != (char in some.negated())
    assert BOUNDARY not in some.negated()
    assert some.negated().negated() == some


@given(st.lists(st.tuples(st.integers(1, 300), st.integers(0, 20)), max_size=6))
def test_ranges_are_sorted_and_do_not_touch(pairs: list[tuple[int, int]]) -> None:
    """However ranges overlap, the set has each character once."""
    some = of_ranges((low, low + size) for low, size in pairs)
    covered = {code for low, size in pairs for code in range(low, low + size + 1)}
    assert len(some) == len(covered)
    assert all(high + 1 < low for (_, high), (low, _) in pairwise(some.ranges))


@given(sets, chars)
def test_a_class_of_re_has_the_same_characters(some: CharSet, char: str) -> None:
    """The inside of a class that a set writes means the set."""
    assert bool(some) == bool(some.ranges)
    if some:
        assert (re.fullmatch(f"[{some.as_class()}]", char) is not None) == (char in some)


@given(st.characters(min_codepoint=1, max_codepoint=127))
def test_either_case_is_of_ascii_only(char: str) -> None:
    """Letters of ASCII get their other case; nothing else changes."""
    assert set(_members(of_chars(char).in_either_case())) == {char.lower(), char.upper()}
    assert of_chars("é").in_either_case() == of_chars("é")


def _members(some: CharSet) -> list[str]:
    return [chr(code) for low, high in some.ranges for code in range(low, high + 1)]


def test_the_named_sets_are_those_of_re() -> None:
    r"""`\d`, `\w`, `\s` and `.` mean what `re.ASCII` takes them for."""
    for escape, some in (
        (r"\d", charset.DIGITS),
        (r"\w", charset.WORD),
        (r"\s", charset.SPACE),
        (".", charset.ANY),
    ):
        pattern = re.compile(escape, re.ASCII)
        for code in range(1, 0x3000):
            assert (pattern.fullmatch(chr(code)) is not None) == (chr(code) in some)
