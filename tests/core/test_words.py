"""Stems and function words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.words import stem, stems


@pytest.mark.parametrize(
    "family",
    [
        "cache caches cached caching",
        "limit limits limited limiting limiter",
        "configure configured configuring configuration configurations",
        "key keys",
        "policy policies",
        "query queries",
        "stop stops stopped stopping",
        "reload reloads reloading reloaded",
    ],
)
def test_forms_of_a_word_meet(family: str) -> None:
    """The usual English forms of one word have the same stem."""
    assert len({stem(word) for word in family.split()}) == 1


def test_different_words_stay_apart() -> None:
    """Short words keep their ending, and words with different beginnings never meet."""
    words = (
        "api",
        "gpu",
        "key",
        "token",
        "model",
        "plugin",
        "cache",
        "limit",
        "bus",
        "yes",
        "user",
    )
    assert len({stem(word) for word in words}) == len(words)


def test_function_words_are_left_out() -> None:
    """Only the words that carry the subject are left of a question, in order."""
    assert stems("How do I reload the `localai.toml`, please?") == ["reload", "localai", "toml"]
    assert stems("Hello, how are you?") == []


@given(st.text())
def test_any_text_has_stems_that_are_not_empty(text: str) -> None:
    """Any text can be read, and no stem is empty."""
    assert all(stems(text))
