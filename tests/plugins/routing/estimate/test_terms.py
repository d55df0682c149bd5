"""Tests for plugins/routing/estimate/terms.py."""

from plugins.routing.estimate.terms import Estimate, Outlook, Work


def test_defaults() -> None:
    """Nothing is said of a host that has nothing to do, and an answer is of usual length."""
    assert Work(prompt=10) == Work(prompt=10, cached=0, answer=256)
    assert Outlook() == Outlook(slots=1, busy=0, waiting=0, is_loaded=False, others=0)
    assert Estimate().total == Estimate().joules == 0
