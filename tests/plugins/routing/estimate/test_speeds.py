"""Tests for plugins/routing/estimate/speeds.py."""

from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.catalogue.model import Facts
from plugins.routing.estimate.measured import Measured
from plugins.routing.estimate.profiles import RYZEN_AI_MAX_395
from plugins.routing.estimate.speeds import Speeds, batched, estimate
from plugins.routing.estimate.terms import Estimate, Outlook, Work
from tests.plugins.routing.estimate.reference import (
    GPT_OSS_20B,
    GPT_OSS_120B,
    LLAMA_8B,
    LLAMA_70B,
)

WORK = Work(prompt=1_500, answer=400)
SECONDS = st.floats(0, 1e6)
TOKENS = st.integers(0, 10**6)
OUTLOOKS = st.builds(
    Outlook,
    slots=st.integers(0, 8),
    busy=st.integers(0, 8),
    waiting=st.integers(0, 1_000),
    waiting_tokens=TOKENS,
    waiting_prompts=TOKENS,
    loads=SECONDS,
    is_loaded=st.booleans(),
    evicts=SECONDS,
    others=st.integers(0, 8),
)
WORKS = st.builds(Work, prompt=TOKENS, cached=TOKENS, answer=TOKENS)


def speeds(facts: Facts) -> Speeds:
    """Return how fast a model is on the machine of the reference before anything is measured."""
    return Measured(facts, RYZEN_AI_MAX_395, RYZEN_AI_MAX_395.load_rate).speeds


# The worked example was made with the plain line for mixtures, and 0.3 µs per token of depth.
PLAIN_20B = GPT_OSS_20B.replace(quantisation="", kv_bytes=30_000)
PLAIN_120B = GPT_OSS_120B.replace(quantisation="", kv_bytes=30_000)


@pytest.mark.parametrize(
    ("facts", "is_loaded", "first_token", "total", "joules", "near"),
    [
        (LLAMA_8B, True, 1.3, 11.7, 1225, 0.01),
        (PLAIN_20B, True, 1.5, 7.5, 796, 0.01),
        (PLAIN_20B, False, 10.6, 16.6, 834, 0.01),
        (PLAIN_120B, False, 45.4, 53.0, 1216, 0.01),
        (LLAMA_70B, True, 11.5, 90.6, 9528, 0.01),
        (GPT_OSS_20B, True, 1.5, 7.5, 796, 0.06),
        (GPT_OSS_20B, False, 10.6, 16.6, 834, 0.06),
        (GPT_OSS_120B, False, 45.4, 53.0, 1216, 0.06),
    ],
)
def test_the_worked_example(
    facts: Facts, is_loaded: bool, first_token: float, total: float, joules: float, near: float
) -> None:
    """1,500 tokens in and 400 out take the seconds and joules of the reference.

    With all that is known of MXFP4, gpt-oss is quicker by some percent than that says.
    """
    found = estimate(speeds(facts), WORK, Outlook(is_loaded=is_loaded))
    assert found.first_token == pytest.approx(first_token, rel=near, abs=0.06)
    assert found.total == pytest.approx(total, rel=near, abs=0.06)
    assert found.joules == pytest.approx(joules, rel=near)


@pytest.mark.parametrize(
    ("name", "steps", "most"),
    [
        ("Qwen3.6-35B-A3B", {1: 59.2, 2: 92.2, 4: 130.8, 8: 162.0}, 0.11),
        ("the same again", {1: 58.8, 2: 96.1, 4: 138.8, 8: 170.9}, 0.08),
        ("the same with ROCm", {1: 48.6, 2: 82.2, 4: 127.0, 8: 177.2}, 0.27),
        ("Qwen3-Coder-30B", {1: 90.2, 2: 121.7, 4: 157.4, 8: 173.2}, 0.45),
        ("Gemma4-26B-A4B", {1: 53.3, 2: 78.9, 4: 120.8, 8: 161.4}, 0.10),
    ],
)
def test_answers_at_a_time(name: str, steps: dict[int, float], most: float) -> None:
    """All answers together are as fast as was measured, within the spread of the models."""
    for streams, total in steps.items():
        expected = steps[1] * streams / batched(RYZEN_AI_MAX_395.batching, streams)
        assert abs(expected / total - 1) < most


def test_one_behind_the_other() -> None:
    """Who waits for the only slot waits until all before have their tokens, then goes alone."""
    free = estimate(speeds(LLAMA_8B), WORK, Outlook(is_loaded=True))
    queued = estimate(
        speeds(LLAMA_8B),
        WORK,
        Outlook(is_loaded=True, busy=1, waiting=2, waiting_tokens=1_000, waiting_prompts=3_000),
    )
    assert queued.wait == pytest.approx(1_000 * free.step + 3_000 / speeds(LLAMA_8B).prefill)
    assert queued.total == pytest.approx(queued.wait + free.total)
    assert queued.joules == free.joules


def test_loads() -> None:
    """A load comes after those before it and after who must leave, and only for who needs it."""
    outlook = Outlook(loads=5.0, evicts=2.0)
    cold = estimate(speeds(LLAMA_8B), WORK, outlook)
    assert (cold.wait, cold.evict) == (5.0, 2.0)
    assert cold.load == pytest.approx(4.91e9 / 1.5e9 + 1)
    warm = estimate(speeds(LLAMA_8B), WORK, outlook.replace(is_loaded=True))
    assert (warm.wait, warm.evict, warm.load) == (0, 0, 0)


def test_other_models() -> None:
    """Beside another model all takes twice as long, and costs the same."""
    busy = Outlook(is_loaded=True, slots=2, busy=2, waiting_tokens=500, waiting_prompts=2_000)
    alone, beside = (
        estimate(speeds(LLAMA_8B), WORK, busy.replace(others=others)) for others in (0, 1)
    )
    for name in ("wait", "prefill", "step", "first_token", "total"):
        assert getattr(beside, name) == pytest.approx(2 * getattr(alone, name))
    assert beside.joules == pytest.approx(alone.joules)


def test_embeddings() -> None:
    """What has no tokens to make ends with its prompt."""
    found = estimate(speeds(LLAMA_8B), Work(prompt=100, answer=0), Outlook(is_loaded=True))
    assert found.total == found.first_token == found.prefill > 0


@given(busy=st.integers(0, 7))
def test_company(busy: int) -> None:
    """With one more answer at a time each is slower, all together are faster and cost less."""
    before, after = (
        estimate(speeds(LLAMA_8B), WORK, Outlook(slots=8, busy=each, is_loaded=True))
        for each in (busy, min(busy + 1, 7))
    )
    if busy < 7:
        assert before.step < after.step
        assert (busy + 1) / before.step < (busy + 2) / after.step
        assert before.joules > after.joules


@given(work=WORKS, outlook=OUTLOOKS, size=st.integers(0, 10**12))
def test_any_outlook(work: Work, outlook: Outlook, size: int) -> None:
    """All terms are finite and none is negative; the whole is no less than its parts."""
    found = estimate(speeds(Facts(name="any", size=size)), work, outlook)
    assert all(isfinite(value) and value >= 0 for value in terms(found))
    parts = found.wait + found.evict + found.load + found.prefill
    assert parts <= found.first_token <= found.total


@given(work=WORKS, outlook=OUTLOOKS, more=st.integers(1, 1_000))
def test_more_work(work: Work, outlook: Outlook, more: int) -> None:
    """A longer prompt, a longer answer or a longer queue never makes anything quicker."""
    known = speeds(LLAMA_8B)
    base = terms(estimate(known, work, outlook))
    for harder in (
        estimate(known, work.replace(prompt=work.prompt + more), outlook),
        estimate(known, work.replace(answer=work.answer + more), outlook),
        estimate(known, work, outlook.replace(waiting_tokens=outlook.waiting_tokens + more)),
        estimate(known, work, outlook.replace(loads=outlook.loads + more)),
        estimate(known, work, outlook.replace(others=outlook.others + more)),
    ):
        assert all(a <= b * (1 + 1e-12) for a, b in zip(base, terms(harder), strict=True))


def terms(found: Estimate) -> tuple[float, ...]:
    """Return all terms of an estimate."""
    return tuple(getattr(found, name) for name in Estimate.__struct_fields__)
