"""What words tell."""

from plugins.guardrails.injection.hints import LONG, hints_of


def test_words_are_sorted_by_what_they_may_hide() -> None:
    """Words with digits, and long ones, are told apart from the others."""
    words = ["the", "h3ll0", "x" * LONG, "the"]
    hints = hints_of(words, set(words))
    assert hints.words is words
    assert list(hints.mixed) == ["h3ll0"]
    assert list(hints.long) == ["x" * LONG]
