"""The texts of a JSON value can be taken out, and put back."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.stream.leaves import keys, leaves, rebuilt, renamed

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=12,
)


@given(values)
def test_putting_back_what_was_taken_changes_nothing(value: Any) -> None:
    """A value with its own leaves and keys is the same value."""
    assert rebuilt(value, leaves(value)) == value
    assert renamed(value, keys(value)) == value


def test_numbers_are_leaves_and_keys_are_not() -> None:
    """Strings and numbers come in order; keys come apart; booleans and null are no texts."""
    value = {"a": [1, "x", True, None], "b": {"c": 2.5}}
    assert list(leaves(value)) == ["1", "x", "2.5"]
    assert list(keys(value)) == ["a", "b", "c"]


def test_a_number_that_changes_becomes_a_text() -> None:
    """A number whose text is another one is replaced by that text; others stay numbers."""
    assert rebuilt([4111, 7, "x"], iter(["#", "7", "y"])) == ["#", 7, "y"]


def test_keys_that_come_to_be_the_same_are_numbered() -> None:
    """Nothing is lost where two keys get one name."""
    assert renamed({"a": 1, "b": [{"c": 2}], "d": 3}, iter("xxyx")) == {
        "x": 1,
        "x 2": [{"y": 2}],
        "x 3": 3,
    }
