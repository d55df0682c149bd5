"""Shell patterns within shell patterns."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.auth.patterns import includes

patterns = st.text("ab*?[]!", max_size=8)
texts = st.text("ab[]!", max_size=8)


@given(patterns, patterns, texts)
def test_what_is_included_matches_too(outer: str, inner: str, text: str) -> None:
    """No text matches a pattern without matching the ones that are said to include it."""
    if includes(outer, inner) and fnmatchcase(text, inner):
        assert fnmatchcase(text, outer)


@given(st.lists(st.sampled_from(["a", "b", "*", "?"])), st.lists(st.sampled_from(["a", "b", "*"])))
def test_plain_patterns_are_compared_by_what_they_match(inner: list[str], outer: list[str]) -> None:
    """Of patterns without classes, an inner one that is matched as a text is included."""
    one, other = "".join(inner), "".join(outer)
    assert includes(other, one) is fnmatchcase(one, other)


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [
        ("qwen*", "qwen2.5*", True),
        ("*", "anything", True),
        ("llama3.2:*", "llama3.2:3b", True),
        ("[ab]*", "[ab]*", True),
        ("[ab]*", "a", True),
        ("qwen2.5*", "qwen*", False),
        ("a?", "a*", False),
        ("*ab]", "[ab]", False),
        ("[ab]", "?", False),
    ],
)
def test_examples(outer: str, inner: str, expected: bool) -> None:
    """Equal patterns, names that match, and narrower patterns are included; others are not."""
    assert includes(outer, inner) is expected
