"""The words that complexity is told by."""

from plugins.routing.select import words


def test_words_are_in_lower_case() -> None:
    """Texts are compared in lower case, so no word may have capitals."""
    for found in (words.STRONG, words.PLANS, words.REASONS, words.MAKING, words.CODE, words.MATHS):
        assert all(word == word.lower() for word in found)
    assert all(phrase == phrase.lower() for phrase in words.STRONG_PHRASES)


def test_the_lesson_is_covered() -> None:
    """The four indicator words of the lesson are among them."""
    assert {"analyze", "compare", "evaluate"} <= words.STRONG
    assert "explain in detail" in words.STRONG_PHRASES


def test_english_is_not_foreign() -> None:
    """No word tells two things about the language."""
    assert not words.ENGLISH & words.FOREIGN
