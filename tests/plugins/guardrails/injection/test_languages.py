"""The words of other languages."""

from plugins.guardrails.injection.languages import WORDS
from plugins.guardrails.injection.lexicon import CLASSES


def test_other_languages_have_the_same_classes() -> None:
    """Every class is one of English, and has words."""
    assert WORDS.keys() <= CLASSES.keys()
    assert all(entries.split() for entries in WORDS.values())
