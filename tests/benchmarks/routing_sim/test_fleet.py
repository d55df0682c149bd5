"""Tests for benchmarks/routing_sim/fleet.py."""

import pytest

from benchmarks.routing_sim.fleet import EMBED, FLEET, MEMORY, Truth
from benchmarks.routing_sim.machine import Machine
from benchmarks.routing_sim.traffic import EMBEDDING, PEOPLES
from plugins.routing.estimate.profiles import RYZEN_AI_MAX_395
from plugins.routing.estimate.roofline import prefill, step

CHATS = [each for each in FLEET if each.name != EMBED]


@pytest.mark.parametrize("truth", CHATS, ids=lambda each: each.name)
def test_truth_is_not_the_estimate(truth: Truth) -> None:
    """The machine is what was measured: near our estimate, but never just that."""
    decode = step(truth.facts, RYZEN_AI_MAX_395) * truth.tokens_per_second
    prompts = prefill(truth.facts, RYZEN_AI_MAX_395) / truth.prompt_rate
    assert 0.75 < decode < 1.25
    assert 0.4 < prompts < 2.5
    assert decode != 1 != prompts


def test_something_must_leave() -> None:
    """Each model fits into the memory alone, all of them do not."""
    sizes = [Machine.needed(each.name) for each in FLEET]
    assert max(sizes) < MEMORY < sum(sizes)


def test_somebody_can_answer() -> None:
    """For each request there is a model that can do it and is good enough."""
    for kind in (*PEOPLES, EMBEDDING):
        for floor in kind.floors:
            assert any(
                kind.can <= each.facts.capabilities and each.quality >= floor for each in FLEET
            )
