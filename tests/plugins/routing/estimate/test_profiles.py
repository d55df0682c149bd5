"""Tests for plugins/routing/estimate/profiles.py."""

import pytest

from plugins.routing.estimate.profiles import RYZEN, RYZEN_AI_MAX_395, generic, named
from plugins.routing.estimate.roofline import depth_slope, prefill, step
from tests.plugins.routing.estimate.reference import DENSE, LLAMA_8B, MIXTURES, Row


def test_by_name() -> None:
    """A profile is found by its name, and an unknown machine is a cautious one."""
    assert named(RYZEN) is RYZEN_AI_MAX_395
    assert named("generic") == generic()


@pytest.mark.parametrize("row", [*DENSE, *MIXTURES], ids=lambda row: row.name)
def test_caution(row: Row) -> None:
    """A machine of which nothing is known is expected to be slower than one with fast memory."""
    facts = row.facts
    assert step(facts, generic()) > 2 * step(facts, RYZEN_AI_MAX_395)
    assert prefill(facts, generic()) < prefill(facts, RYZEN_AI_MAX_395) / 2


def test_bandwidth() -> None:
    """Twice the bandwidth halves what reading takes, in either profile."""
    for name, own in ((RYZEN, 222.3e9), ("generic", 50e9)):
        one, two = named(name), named(name, 2 * own)
        overhead = one.dense.overhead
        assert step(LLAMA_8B, two) - overhead == pytest.approx((step(LLAMA_8B, one) - overhead) / 2)
        assert depth_slope(LLAMA_8B, two) == pytest.approx(depth_slope(LLAMA_8B, one) / 2)
        assert prefill(LLAMA_8B, two) == pytest.approx(prefill(LLAMA_8B, one) * 2)
