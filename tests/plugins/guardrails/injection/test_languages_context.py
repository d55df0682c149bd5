"""The context words of other languages."""

from plugins.guardrails.injection.context import CONTEXT
from plugins.guardrails.injection.languages_context import CONTEXT_WORDS


def test_other_languages_have_the_same_classes() -> None:
    """Every class is one of English, and has words."""
    assert CONTEXT_WORDS.keys() <= CONTEXT.keys()
    assert all(entries.split() for entries in CONTEXT_WORDS.values())
