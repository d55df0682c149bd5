"""What counts as an injection."""

from plugins.guardrails.injection.context import CONTEXT
from plugins.guardrails.injection.lexicon import CLASSES
from plugins.guardrails.injection.phrases import FAMILIES, PHRASES


def test_phrases_are_made_of_known_classes() -> None:
    """Each phrase has a family, different classes of the lexicon, and weights below 1."""
    for phrase in PHRASES:
        assert phrase.family in FAMILIES
        assert set(phrase.classes) <= set(CLASSES) | set(CONTEXT)
        assert len(set(phrase.classes)) == len(phrase.classes)
        assert 0 < phrase.weight < 1
        assert 0 < phrase.foreign < 1


def test_each_class_is_used() -> None:
    """The lexicon has no class that no phrase asks for."""
    used = {name for phrase in PHRASES for name in phrase.classes}
    assert set(CLASSES) - used == set()
