"""Tests for plugins/routing/estimate/measured.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.catalogue.model import Facts
from plugins.routing.estimate.measured import Average, Measured
from plugins.routing.estimate.profiles import RYZEN_AI_MAX_395
from plugins.routing.estimate.roofline import depth_slope, prefill, step
from plugins.routing.estimate.speeds import batched
from tests.plugins.routing.estimate.reference import LLAMA_8B

POSITIVE = st.floats(1e-6, 1e6)
RATE = 1.5e9
STEP = step(LLAMA_8B, RYZEN_AI_MAX_395)
PREFILL = prefill(LLAMA_8B, RYZEN_AI_MAX_395)


def fresh(facts: Facts = LLAMA_8B) -> Measured:
    """Return a model of which nothing is measured yet."""
    return Measured(facts, RYZEN_AI_MAX_395, RATE)


@given(prior=POSITIVE, truth=POSITIVE)
def test_truth_wins(prior: float, truth: float) -> None:
    """Whatever was expected, the average comes to what is measured, and never leaves the two."""
    average = Average()
    assert average.shrunk(prior) == prior
    for count in range(1, 200):
        average.add(truth)
        off = average.shrunk(prior) - truth
        assert abs(off - (prior - truth) * 4 / (4 + count)) <= 1e-9 * max(prior, truth)


@given(st.lists(POSITIVE, min_size=1, max_size=30))
def test_averages_stay_inside(samples: list[float]) -> None:
    """A moving average stays between the least and the largest sample."""
    average = Average()
    for sample in samples:
        average.add(sample)
    assert min(samples) * (1 - 1e-9) <= average.value <= max(samples) * (1 + 1e-9)


@given(
    truth=st.floats(0.001, 0.1),
    streams=st.integers(1, 8),
    others=st.integers(0, 3),
    prompt=st.integers(0, 8_000),
    tokens=st.integers(16, 2_000),
)
def test_company_and_depth_do_not_count(
    truth: float, streams: int, others: int, prompt: int, tokens: int
) -> None:
    """The same machine is found, however many answers and models ran, and however long."""
    known = fresh()
    slope = depth_slope(LLAMA_8B, RYZEN_AI_MAX_395)
    alone = (truth + slope * (prompt + tokens / 2)) * tokens
    seconds = alone * batched(0.27, streams) * (1 + others)
    for _ in range(400):
        known.answered(tokens, seconds, prompt, streams, others)
    known.settle(RATE)
    if truth > slope * (prompt + tokens / 2):
        assert known.speeds.step == pytest.approx(truth, rel=0.01, abs=0.01 * STEP)
    assert known.speeds.step > 0


def test_short_answers() -> None:
    """Answers of less than 16 tokens, or without a duration, say nothing of the speed."""
    known = fresh()
    for tokens, seconds in ((15, 1.0), (100, 0.0), (100, -1.0), (100, 1e9)):
        known.answered(tokens, seconds, 0, 1)
    known.settle(RATE)
    assert (known.samples, known.speeds.step) == (0, STEP)


def test_cached_prompts() -> None:
    """A prompt that was read twice as fast as expected was in the cache, and does not count."""
    known = fresh()
    known.read(1_000, 1_000 / (1.5 * PREFILL))
    for _ in range(7):
        known.read(1_000, 1_000 / (20 * PREFILL))
    known.read(1_000, 1_000 / (1.5 * PREFILL))
    for _ in range(7):
        known.read(1_000, 1_000 / (20 * PREFILL))
    known.settle(RATE)
    assert PREFILL < known.speeds.prefill < 1.5 * PREFILL


def test_short_prompts() -> None:
    """Prompts of less than 64 tokens say nothing of the speed."""
    known = fresh()
    known.read(63, 60.0)
    known.settle(RATE)
    assert known.speeds.prefill == PREFILL


@given(truth=st.floats(1e-3, 1e3))
def test_another_machine(truth: float) -> None:
    """A machine that always reads prompts faster or slower than expected is believed in time."""
    known = fresh()
    for _ in range(1_000):
        known.read(1_000, 1_000 / (truth * PREFILL))
    known.settle(RATE)
    assert known.speeds.prefill == pytest.approx(truth * PREFILL, rel=0.01, abs=0.01 * PREFILL)


def test_watts() -> None:
    """A model costs what the machine drew for it, and never less than nothing."""
    known = fresh()
    assert known.speeds.decode_watts == pytest.approx(1.4 * (89 - 15))
    for _ in range(4):
        known.drew(62)
    known.settle(RATE)
    assert known.speeds.decode_watts == pytest.approx(1.4 * ((89 + 62) / 2 - 15))
    for _ in range(1_000):
        known.drew(1)
    known.drew(0)
    known.settle(RATE)
    assert known.speeds.decode_watts == 0
