"""How matches begin is never said too narrowly."""

from hypothesis import given, settings

from plugins.guardrails.stream.charset import NOTHING, of_chars
from plugins.guardrails.stream.heads import Head, first_chars, heads
from plugins.guardrails.stream.parser import parse
from tests.plugins.guardrails.stream import oracle
from tests.plugins.guardrails.stream.oracle import Tree


@given(oracle.trees.filter(lambda tree: not oracle.is_empty(tree)), oracle.words)
@settings(max_examples=300, deadline=None)
def test_every_match_begins_like_one_of_the_heads(tree: Tree, text: str) -> None:
    """Each match has the characters of one of the heads, one by one."""
    ends = oracle.ends(tree, text, 0)
    known = heads(parse(oracle.written(tree)))
    for end in ends:
        assert any(
            all(char in chars for char, chars in zip(text[:end], head.fixed, strict=False))
            for head in known
        )


def test_heads_are_told_apart() -> None:
    """Literals, runs and what ends them are found; what may be missing is looked beyond."""
    at, word = of_chars("@"), of_chars("ab")
    assert heads(parse("[ab]{1,64}@c")) == [Head((word,), word, 63, at)]
    assert heads(parse("@[ab]{0,9}c")) == [Head((at,), word, 9, of_chars("c"))]
    assert heads(parse("a|b@")) == [Head((of_chars("a"),)), Head((of_chars("b"), at))]
    assert heads(parse("a?b")) == [Head((word,))]
    assert heads(parse("[ab]{1,3}")) == [Head((word,))]
    assert heads(parse("[ab]{20}")) == [Head((word,) * 6)]


def test_many_heads_become_one() -> None:
    """Beyond a number of alternatives only the first character counts."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    assert heads(parse("|".join(letters))) == [Head((of_chars(letters),))]


def test_what_may_be_empty_begins_with_nothing_known() -> None:
    """A series that may be empty has no first characters."""
    assert first_chars([parse("a?")]) == NOTHING
    assert first_chars([parse("a?"), parse("b|c?")]) == NOTHING
    assert first_chars([parse("a?"), parse("b")]) == of_chars("ab")
