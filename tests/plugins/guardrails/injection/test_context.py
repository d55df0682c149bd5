"""The classes of words that weaken evidence."""

from plugins.guardrails.injection.context import CONTEXT
from plugins.guardrails.injection.lexicon import CLASSES


def test_context_is_told_apart_from_evidence() -> None:
    """No class is both, and each has words."""
    assert not CONTEXT.keys() & CLASSES.keys()
    assert all(entries.split() for entries in CONTEXT.values())
