"""The classes of words."""

import pytest

from plugins.guardrails.injection.evidence import BITS
from plugins.guardrails.injection.lexicon import CLASSES
from plugins.guardrails.injection.phrases import PHRASES


@pytest.mark.parametrize("name", CLASSES)
def test_each_class_is_used(name: str) -> None:
    """A class has words, each once, and is part of a phrase."""
    words = CLASSES[name].split()
    assert words
    assert any(name in phrase.classes for phrase in PHRASES)


def test_each_class_has_a_bit_of_its_own() -> None:
    """No two classes share a bit."""
    assert len({*BITS.values()}) == len(BITS)
