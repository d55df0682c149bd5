"""Words and where they stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.injection.sentences import BREAK, COLON, STOP, slices, words_of


def test_places_tell_sentences_apart() -> None:
    """Neighbours differ by 1, and by more over a colon, a sentence's end and an empty line."""
    words = words_of("one two three. four five six\n\nseven: eight")
    gaps = [after - before for before, after in zip(words.places, words.places[1:], strict=False)]
    assert gaps == [1, 1, 1 + STOP, 1, 1, 1 + BREAK, 1 + COLON]
    assert words.announced == {7}


def test_a_full_stop_after_each_word_ends_no_sentence() -> None:
    """Dots can't be used to pull the words of an instruction apart."""
    words = words_of("ignore. all. rules.")
    assert words.places == (1, 2, 3)


def test_quotations_are_known() -> None:
    """Words in quotation marks and in code are marked; apostrophes quote nothing."""
    words = words_of('he said "no way" and don\'t `run it` now')
    quoted = [word for word, is_quoted in zip(words.words, words.quoted, strict=True) if is_quoted]
    assert quoted == ["no", "way", "run", "it"]


@pytest.mark.parametrize(
    "text",
    ["a «b c» d", "a »b c« d", "a „b c“ d", "a ‚b c‘ d", "a ‹b c› d", "a “b 'c” d", "a ‘b c’ d"],
)
def test_each_language_has_its_quotes(text: str) -> None:
    """Quotation marks are those of all languages, and only the right one ends a quotation."""
    words = words_of(text)
    assert [
        word for word, is_quoted in zip(words.words, words.quoted, strict=True) if is_quoted
    ] == ["b", "c"]


def test_addresses_count_as_one_word() -> None:
    """Of a URL and of a mail address only that it is one is kept, and whether it has a gap."""
    assert words_of("see https://a.example/b/c and me@a.example").words == (
        *("see", "https", "and", "me", "@"),
    )
    assert words_of("https://a.example/?q={data}").words[:3] == ("https", "url", "slot")


@given(st.text(), st.integers(min_value=65, max_value=200))
def test_slices_are_the_text(text: str, size: int) -> None:
    """Slices put together are the text, and none is longer than asked."""
    pieces = list(slices(text, size))
    assert "".join(pieces) == text
    assert all(0 < len(piece) <= size for piece in pieces)
