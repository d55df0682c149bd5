"""Candidates miss no match, whatever of the text is known."""

from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.guardrails.stream.candidates import LONGEST_RUN, branches, search_for
from plugins.guardrails.stream.charset import BOUNDARY
from plugins.guardrails.stream.parser import parse, parse_class
from tests.plugins.guardrails.stream import oracle
from tests.plugins.guardrails.stream.oracle import Tree


@given(
    oracle.trees.filter(lambda tree: not oracle.is_empty(tree)),
    oracle.words,
    st.integers(0, 30),
    st.integers(0, 30),
)
@settings(max_examples=300, deadline=None)
def test_where_a_match_can_start_is_a_candidate(
    tree: Tree, text: str, known: int, boundary: int
) -> None:
    """Each start of a match is found, also when the text is cut or has a boundary within it."""
    search = search_for(branches(parse(oracle.written(tree)), parse_class("")))
    for start in range(len(text)):
        if oracle.ends(tree, text, start):
            for seen in (text, text[: max(known, start + 1)]):
                at = max(boundary, start + 1)
                for piece in (seen, seen[:at] + BOUNDARY + seen[at:]):
                    candidate = search.search(piece, start)
                    assert candidate
                    assert candidate.start() == start


def test_runs_without_an_end_are_passed_by() -> None:
    """A run that its end does not follow is no candidate, unless it is very long or at the end."""
    search = search_for(branches(parse("[a-z]{1,64}@x"), parse_class("a-z"))).search
    assert search("hello world, well", 0) is not None
    assert search("hello world, well.", 0) is None
    long = search_for(branches(parse("!a{0,2000}b"), parse_class(""))).search
    assert long("!" + "a" * LONGEST_RUN + "c", 0) is not None
    assert long("!" + "a" * (LONGEST_RUN - 1) + "c", 0) is None


def test_what_stands_before_counts() -> None:
    """A rule's `not_after` holds for its candidates."""
    search = search_for(branches(parse("ab"), parse_class("x"))).search
    assert search("xabc", 1) is None
    assert search("yabc", 1) is not None
