"""Tests for benchmarks/routing_sim/machine.py."""

from math import inf

import pytest

from benchmarks.routing_sim.fleet import BY_NAME, EMBED
from benchmarks.routing_sim.machine import KEEP_ALIVE, PARALLEL, Machine
from benchmarks.routing_sim.traffic import EMBEDDING, SHORT, Request

SMALL, LARGE, HUGE, SEES = "qwen2.5:3b", "gpt-oss:120b", "llama3.3:70b", "gemma3:27b"


def machine(*models: str) -> Machine:
    """Return a machine with models in memory."""
    made = Machine(lambda request: None)
    for name in models:
        load(made, name)
    return made


def load(made: Machine, name: str) -> None:
    """Load a model, and whatever is to be loaded before it."""
    made.load(name)
    made.begin_load()
    while name not in made.loaded:
        made.advance(made.next_event)
        made.begin_load()


def a_request(prompt: int = 1_000, answer: int = 100) -> Request:
    """Return a request of average luck."""
    return Request(
        at=0.0,
        kind=SHORT if answer else EMBEDDING,
        key="user",
        prompt=prompt,
        answer=answer,
        floor=0.5,
    )


def finish(made: Machine, *requests: Request) -> None:
    """Let time pass until these have ended."""
    while any(each.end < 0 for each in requests):
        made.advance(made.next_event)


def test_one_request() -> None:
    """Alone, a request takes as long as its prompt and its tokens do, and what they draw."""
    made = machine(SMALL)
    began, joules = made.now, made.joules
    request = a_request()
    made.start(request, SMALL)
    finish(made, request)
    truth = BY_NAME[SMALL]
    reading = 1_000 / truth.prompt_rate
    step = 1 / truth.tokens_per_second + truth.slope * 1_050
    assert request.first_token - began == pytest.approx(reading + step)
    assert request.end - began == pytest.approx(reading + 100 * step)
    watts = 1.4 * (98 - 15) * reading + 1.4 * (truth.watts - 15) * 100 * step
    assert made.joules - joules == pytest.approx(watts)


def test_embeddings() -> None:
    """What has no answer ends with its prompt."""
    made = machine(EMBED)
    request = a_request(300, 0)
    made.start(request, EMBED)
    finish(made, request)
    assert request.first_token == request.end == pytest.approx(made.now)


def test_answers_at_a_time() -> None:
    """Four answers of a model take longer than one, and less than four in turn."""
    made = machine(SMALL)
    alone = a_request(1)
    began = made.now
    made.start(alone, SMALL)
    finish(made, alone)
    one = made.now - began
    crowd = [a_request(1) for _ in range(PARALLEL)]
    began = made.now
    for each in crowd:
        made.start(each, SMALL)
    assert not made.loaded[SMALL].has_room
    finish(made, *crowd)
    assert 1.5 * one < made.now - began < 2.2 * one


def test_two_models() -> None:
    """Two models that compute at a time share the GPU: both are half as fast."""
    made = machine(SMALL, LARGE)
    requests = {SMALL: a_request(1_000, 1), LARGE: a_request(5_000, 1)}
    began = made.now
    for name, request in requests.items():
        made.start(request, name)
    finish(made, requests[SMALL])
    took = requests[SMALL].read - began
    assert took == pytest.approx(2 * 1_000 / BY_NAME[SMALL].prompt_rate)


def test_loads() -> None:
    """Loads run one after the other, at the speed of the disk."""
    made = Machine(lambda request: None)
    for name in (LARGE, SMALL):
        made.load(name)
        made.load(name)
        made.begin_load()
    load(made, SMALL)
    assert made.now == pytest.approx(65.4 / 1.5 + 1 + 1.93 / 1.5 + 1)
    assert made.loads == 2


def test_who_leaves() -> None:
    """For a model that does not fit, those idle ones leave that were to stay the shortest."""
    made = machine(SMALL, LARGE)
    made.loaded[SMALL].keep_alive = 2 * KEEP_ALIVE
    load(made, HUGE)
    assert set(made.loaded) == {SMALL, HUGE}


def test_who_is_busy() -> None:
    """A busy model that must leave finishes first, and takes nothing new."""
    made = machine(LARGE)
    request = a_request(5_000, 500)
    made.start(request, LARGE)
    made.load(HUGE)
    made.begin_load()
    assert made.loading is None
    assert not made.loaded[LARGE].has_room
    load(made, HUGE)
    assert made.now > request.end > 0
    assert LARGE not in made.loaded


def test_whoever_is_not_asked() -> None:
    """A model that nobody asked for leaves when its time is up."""
    made = machine(SMALL)
    loaded = made.now
    made.advance(made.next_event)
    assert made.now == pytest.approx(loaded + KEEP_ALIVE)
    assert not made.loaded
    assert made.is_idle
    assert made.next_event == inf
