"""Long texts in pieces."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.guardrails.pii.presidio.pieces import MOST, pieces


@settings(deadline=None)
@given(st.text(alphabet="ab .\n", max_size=200), st.integers(2, 50))
def test_pieces_are_the_text(text: str, most: int) -> None:
    """The pieces are bounded, not empty, where they say, and together the text."""
    cut = list(pieces(text, most))
    assert "".join(piece for _, piece in cut) == text
    for start, piece in cut:
        assert 0 < len(piece) <= most
        assert text.startswith(piece, start)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One. Two\n\nThree. Four five", "One. Two\n\n"),
        ("One. Two\nThree. Four five", "One. Two\n"),
        ("One two a. Three four five", "One two a. "),
        ("One two three four five", "One two three "),
        ("OneTwoThreeFourFive", "OneTwoThreeFour"),
        ("一二三四五六七八九。十一二三四五", "一二三四五六七八九。"),
    ],
)
def test_the_best_border_is_taken(text: str, first: str) -> None:
    """Paragraphs are kept whole where that goes, then lines, sentences and words."""
    _, piece = next(pieces(text, 15))
    assert piece == first


def test_short_texts_are_one_piece() -> None:
    """What fits is not cut, and nothing is no piece."""
    text = "a b. " * (MOST // 5)
    assert list(pieces(text)) == [(0, text)]
    assert list(pieces("")) == []
