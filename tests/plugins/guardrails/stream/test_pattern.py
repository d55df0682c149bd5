"""A pattern knows how long its matches can be."""

from hypothesis import given, settings

from plugins.guardrails.stream.parser import parse
from tests.plugins.guardrails.stream import oracle
from tests.plugins.guardrails.stream.oracle import Tree


@given(oracle.trees, oracle.words)
@settings(max_examples=200, deadline=None)
def test_matches_are_within_their_bounds(tree: Tree, text: str) -> None:
    """No match is shorter or longer than the pattern says, and none has more characters than it."""
    pattern = parse(oracle.written(tree))
    assert pattern.shortest <= pattern.longest <= pattern.size
    for end in oracle.ends(tree, text, 0):
        assert pattern.shortest <= end <= pattern.longest
    assert oracle.is_empty(tree) == (pattern.shortest == 0)


def test_bounds_are_exact() -> None:
    """Series add up, of alternatives the extremes count, repeats multiply."""
    pattern = parse("ab?(?:cd|e){2,3}")
    assert (pattern.shortest, pattern.longest, pattern.size) == (3, 8, 11)
    assert (parse("").shortest, parse("").longest, parse("").size) == (0, 0, 0)
