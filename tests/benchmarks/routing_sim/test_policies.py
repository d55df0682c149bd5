"""Tests for benchmarks/routing_sim/policies.py."""

from benchmarks.routing_sim.fleet import BY_NAME
from benchmarks.routing_sim.policies import Plain, baselines
from benchmarks.routing_sim.traffic import CODE, EMBEDDING, IMAGE, SHORT, Kind, Request


def asked(kind: Kind, floor: float, at: float = 0.0) -> Request:
    """Return a request of some kind that needs this quality."""
    return Request(at=at, kind=kind, key="user", prompt=100, answer=100, floor=floor)


def named(name: str) -> Plain:
    """Return a policy by a word of its name."""
    return next(each for each in baselines() if name in each.name)


def test_largest_and_smallest() -> None:
    """The largest and the smallest file of those that can do it are found."""
    assert named("largest").model(asked(SHORT, 0.5)) == "gpt-oss:120b"
    assert named("always the smallest").model(asked(CODE, 0.9)) == "qwen2.5:3b"
    for policy in baselines():
        assert policy.model(asked(IMAGE, 0.75)) == "gemma3:27b"
        assert policy.model(asked(EMBEDDING, 0.0)) == "nomic-embed-text"


def test_in_turns() -> None:
    """Each model that can do it has its turn."""
    policy = named("robin")
    chosen = [policy.model(asked(SHORT, 0.5)) for _ in range(14)]
    assert len(set(chosen)) == 7
    assert chosen[:7] == chosen[7:]


def test_good_enough() -> None:
    """Those that know what a request needs never take less."""
    for name in ("first come", "table"):
        for floor in (0.5, 0.75, 0.9):
            model = named(name).model(asked(CODE, floor))
            assert BY_NAME[model].quality >= floor


def test_order() -> None:
    """Who came first is next, and its model is loaded first."""
    policy = named("largest")
    for at, model in ((3.0, "one"), (1.0, "two"), (2.0, "two")):
        policy.push(asked(SHORT, 0.5, at), model)
    assert policy.waiting() == ["two", "one"]
    first = policy.pop("two")
    assert first is not None
    assert first.at == 1.0
    assert policy.pop("three") is None
