"""Outlines are found wherever a match may start, whatever of the text is known."""

import re2  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.guardrails.stream import outline as module
from plugins.guardrails.stream.charset import BOUNDARY
from plugins.guardrails.stream.outline import ROOM, outline
from plugins.guardrails.stream.parser import parse, parse_class
from plugins.guardrails.stream.pattern import Pattern
from tests.plugins.guardrails.stream import oracle
from tests.plugins.guardrails.stream.oracle import Tree

NOTHING = parse_class("")


def _is_found(expression: str, text: str) -> bool:
    found = re2.search(expression, text)
    return found is not None and found.start() == 0


@given(
    oracle.trees.filter(lambda tree: not oracle.is_empty(tree)),
    oracle.words,
    st.integers(0, 30),
    st.integers(1, 10),
)
@settings(max_examples=300, deadline=None)
def test_a_match_has_its_outline(tree: Tree, text: str, boundary: int, depth: int) -> None:
    """At the start of each match the outline is found, also with a boundary in it, or cut off."""
    default, module.DEPTH = module.DEPTH, depth
    try:
        expression = outline(parse(oracle.written(tree)), NOTHING)
    finally:
        module.DEPTH = default
    for start in range(len(text)):
        for end in oracle.ends(tree, text, start):
            match = " " + text[start:end]
            assert _is_found(expression, match)
            at = 2 + boundary % (end - start)
            assert _is_found(expression, match[:at] + BOUNDARY + match[at:])
            assert _is_found(expression, match[:at] + BOUNDARY)


def test_what_stands_before_counts() -> None:
    """An outline begins with the character before the match, which is none of `not_after`."""
    expression = outline(parse("ab"), parse_class("x"))
    assert _is_found(expression, "yab")
    assert _is_found(expression, BOUNDARY + "ab")
    assert not _is_found(expression, "xab")


def test_no_more_is_looked_at_than_there_is_room_for() -> None:
    """What comes after the longest that a match may have in so many characters does not count."""
    assert _is_found(outline(parse(f"a{{0,{ROOM - 1}}}bc"), NOTHING), " ab" + BOUNDARY)
    assert _is_found(outline(parse(f"xa{{0,{ROOM - 1}}}bc"), NOTHING), " xaabx")
    assert not _is_found(outline(parse("xa{0,100}bc"), NOTHING), " xaabx")
    assert not _is_found(outline(parse("xa{0,100}bc"), NOTHING), " xaax")


def test_long_patterns_have_short_outlines() -> None:
    """However large a pattern, and however many its alternatives, little is written of it."""
    many: list[Pattern] = [parse(f"(?:{'|'.join('abcdefghij')}){{1,50}}"), parse("(?:){9000}a")]
    words = "|".join(f"{number:05d}" for number in range(3000))
    many.append(parse(f"(?:{words})(?:{words})"))
    for pattern in many:
        assert len(outline(pattern, NOTHING)) < 20_000
    assert _is_found(outline(many[2], NOTHING), " 0000x")
    assert _is_found(outline(many[1], NOTHING), " a")


def test_what_is_left_out_is_looked_beyond() -> None:
    """What may be left out, and what is repeated, are followed by what comes then."""
    expression = outline(parse("(?:ab)?c{2,3}d"), NOTHING)
    for text in ("abccd", "cccd"):
        assert _is_found(expression, " " + text)
    for text in ("abcd", "abc d", "ccccd"):
        assert not _is_found(expression, " " + text)
