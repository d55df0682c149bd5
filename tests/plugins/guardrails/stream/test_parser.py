"""Patterns of the subset mean what they mean to `re`; all others are refused with the remedy."""

import re

import pytest
from hypothesis import given, settings

from plugins.guardrails.stream.charset import DIGITS, NOTHING, of_chars
from plugins.guardrails.stream.parser import PatternError, parse, parse_class
from plugins.guardrails.stream.pattern import Chars, Choice, Repeat, Series
from tests.plugins.guardrails.stream import oracle
from tests.plugins.guardrails.stream.oracle import Tree


@given(oracle.trees, oracle.words)
@settings(max_examples=200, deadline=None)
def test_the_oracle_reads_patterns_as_re_does(tree: Tree, text: str) -> None:
    """What the tests take a pattern for is what `re` takes it for."""
    matched = re.fullmatch(oracle.written(tree), text, re.ASCII)
    assert (len(text) in oracle.ends(tree, text, 0)) == (matched is not None)


@pytest.mark.parametrize(
    ("text", "chars"),
    [
        ("a", "a"),
        (r"\.", "."),
        (r"\-", "-"),
        (r"\x41", "A"),
        (r"\u20ac", "€"),
        (r"\U0001F600", "😀"),
        (r"\t", "\t"),
        (r"[\n\r]", "\n\r"),
        ("[a-c_]", "abc_"),
        ("[a-]", "a-"),
        ("[-a]", "-a"),
        (r"[\]\\]", "]\\"),
        ("]", "]"),
        ("}", "}"),
        ("[$^]", "$^"),
    ],
)
def test_a_character_is_written_in_many_ways(text: str, chars: str) -> None:
    """Literals, escapes and classes are sets of characters."""
    assert parse(text) == Chars(of_chars(chars))


def test_structure_is_kept() -> None:
    """Groups, alternatives and repeats nest as written."""
    a, b = Chars(of_chars("a")), Chars(of_chars("b"))
    assert parse("ab") == Series((a, b))
    assert parse("a|b") == Choice((a, b))
    assert parse("(a)(?:b)") == Series((a, b))
    assert parse("a?b{3}") == Series((Repeat(a, 0, 1), Repeat(b, 3, 3)))
    assert parse("(?:ab){1,2}|a") == Choice((Repeat(Series((a, b)), 1, 2), a))
    assert parse("a|") == Choice((a, Series(())))


def test_case_is_of_ascii() -> None:
    """With `ignore_case` letters match in either case, in classes and negated ones too."""
    assert parse("a", ignore_case=True) == parse("[aA]")
    assert parse("[^a]", ignore_case=True) == parse("[^aA]")
    assert parse(r"\x61", ignore_case=True) == parse("[aA]")
    assert parse_class("a-c", ignore_case=True) == of_chars("abcABC")


def test_the_inside_of_a_class() -> None:
    """A class is read without its brackets; nothing is no character."""
    assert parse_class("") == NOTHING
    assert parse_class(r"\d") == DIGITS
    assert parse_class(r"^a") == of_chars("^a")
    for wrong in ("a]b", "a[", "a\\"):
        with pytest.raises(PatternError):
            parse_class(wrong)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a*", r"'\*' has no bound: give one, as \{0,100\}"),
        ("a+", r"'\+' has no bound: give one, as \{1,100\}"),
        ("a{2,}", r"'\{2,\}' has no bound: give one, as \{2,100\}"),
        ("a{,2}", r"'\{' begins a repeat, as \{3\} or \{1,8\}: write \\\{"),
        ("a{3,2}", "write the smaller count first"),
        ("a{0}", "a bound from 1 to"),
        ("a{1,999999}", r"'\{1,999999\}': .* a bound from 1 to 100000"),
        ("a??", "no lazy or possessive repeats"),
        ("a{2}?", "no lazy or possessive repeats"),
        ("a{2}{3}", r"put the inner one in \(\?:…\)"),
        ("?a", r"'\?' repeats nothing: write \\\?"),
        ("{2}", r"'\{' repeats nothing"),
        ("^a", "not_after and not_before"),
        ("a$", "not_after and not_before"),
        (r"\ba", "not_after and not_before"),
        ("(?=a)", "not_after and not_before"),
        ("(?<!a)b", "not_after and not_before"),
        (r"(a)\1", "refers back to a group"),
        ("(?P<n>a)", r"groups have no names .* write \(\?:…\)"),
        ("(?i)a", "use ignore_case"),
        ("(?>a)", "atomic groups"),
        ("(a", r"'\(' without '\)': write \\\("),
        ("a)", r"'\)' without '\(': write \\\)"),
        ("[a", r"'\[' without '\]': write \\\["),
        ("[]a]", r"write \] as \\\]"),
        ("[[a]", r"write \\\["),
        ("[b-a]", "a range goes from a character to a later one"),
        (r"[\d-z]", "a range goes from a character to a later one"),
        (r"[^\x01-\U0010ffff]", "can match nothing"),
        ("\\", "the pattern ends with"),
        (r"\q", "is no escape"),
        (r"\x4", "takes 2 hexadecimal digits"),
        (r"\U00110000", "up to 10FFFF"),
        (r"\x00", r"U\+0000 can't be found"),
        ("(" * 60 + "a" + ")" * 60, "write it flatter"),
    ],
)
def test_what_the_subset_lacks_is_refused_with_the_remedy(text: str, reason: str) -> None:
    """Each refusal names the place and says what to write instead."""
    with pytest.raises(PatternError, match=f"{reason}.*character [0-9]+ of the pattern"):
        parse(text)
