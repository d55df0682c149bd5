"""Tests for benchmarks/routing_sim/ours.py."""

from math import inf

from benchmarks.routing_sim.fleet import BY_NAME, EMBED
from benchmarks.routing_sim.machine import Machine
from benchmarks.routing_sim.ours import HOST, Ours, View
from benchmarks.routing_sim.traffic import BATCH, EMBEDDING, SHORT, Request


def a_request(floor: float = 0.5, prompt: int = 200, answer: int = 100) -> Request:
    """Return a question of somebody."""
    kind = SHORT if answer else EMBEDDING
    return Request(at=0.0, kind=kind, key="user", prompt=prompt, answer=answer, floor=floor)


def test_floors() -> None:
    """What is chosen is as good as the request needs, also on an empty machine."""
    ours = Ours(Machine(lambda request: None))
    for floor in (0.5, 0.75, 0.9):
        model = ours.model(a_request(floor))
        assert model is not None
        assert BY_NAME[model].quality >= floor
    assert ours.model(a_request(0.0, answer=0)) == EMBED


def test_outlook() -> None:
    """The outlook counts what runs, what waits, who else computes and which loads come first."""
    machine = Machine(lambda request: None)
    ours = Ours(machine)
    requests = [a_request() for _ in range(3)]
    for each in requests:
        ours.model(each)
        ours.push(each, "qwen2.5:3b")
    assert ours.outlook("qwen2.5:3b").waiting == 3
    assert ours.outlook("qwen2.5:3b").waiting_prompts == 600
    for name in ("qwen2.5:3b", "gpt-oss:20b"):
        machine.load(name)
        machine.begin_load()
    assert 0 < ours.outlook("gpt-oss:120b").loads < inf
    while "qwen2.5:3b" not in machine.loaded:
        machine.advance(machine.next_event)
    first = ours.pop("qwen2.5:3b")
    assert first is requests[0]
    machine.start(first, "qwen2.5:3b")
    outlook = ours.outlook("qwen2.5:3b")
    assert (outlook.busy, outlook.waiting, outlook.others) == (1, 2, 0)
    assert ours.outlook("gpt-oss:120b").others == 1


def test_people_before_batches() -> None:
    """A person who comes after a batch is next."""
    ours = Ours(Machine(lambda request: None))
    batch, person = a_request(), a_request()
    batch.kind = BATCH
    for each in (batch, person):
        ours.model(each)
        ours.push(each, "qwen2.5:3b")
    assert ours.pop("qwen2.5:3b") is person


def test_what_is_on_its_way() -> None:
    """A model that is being loaded, or will be, takes memory before it is there."""
    machine = Machine(lambda request: None)
    ours = Ours(machine)
    view = View(ours)
    for name in ("qwen2.5:3b", "gpt-oss:20b"):
        machine.load(name)
        machine.begin_load()
    assert view.coming() == {(HOST, "qwen2.5:3b"), (HOST, "gpt-oss:20b")}
    assert view.used(HOST) == Machine.needed("qwen2.5:3b") + Machine.needed("gpt-oss:20b")
    assert len(view.residents(HOST)) == 2
    assert view.loaded() == set()
