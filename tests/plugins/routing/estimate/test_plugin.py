"""Tests for plugins/routing/estimate/plugin.py."""

import time
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from localai import Attempt, Call, Chunk, Gateway, Options, Prices, Size
from plugins.routing.catalogue.model import Facts
from plugins.routing.estimate.plugin import MOST_MODELS, Estimator
from plugins.routing.estimate.profiles import RYZEN_AI_MAX_395, generic
from plugins.routing.estimate.roofline import step
from plugins.routing.estimate.terms import Outlook, Work
from plugins.routing.hardware.card import Card
from plugins.routing.hardware.plugin import Hardware
from plugins.routing.hardware.reading import Reading
from tests.pace import within
from tests.plugins.routing.estimate.reference import EMBED, GPT_OSS_20B, LLAMA_8B
from tests.plugins.support import a_call

HERE = "http://127.0.0.1:11434"
THERE = "http://192.0.2.1:11434"
WORK = Work(prompt=1_500, answer=400)
LOADED = Outlook(is_loaded=True)


class Machine(Hardware):
    """A machine with this card, or without one, that draws so many watts."""

    def __init__(self, card: Card | None, watts: float = 0.0) -> None:
        super().__init__(Hardware.Config())
        self.card = card
        self.drawn = watts

    def reading(self) -> Reading | None:
        """Return what would be read now."""
        return None if self.card is None else Reading(at=time.monotonic(), card=self.card)

    def energy_between(self, begin: float, end: float) -> float | None:
        """Return the energy of a machine that always draws the same."""
        return (end - begin) * self.drawn or None


class Night(Prices):
    """Sells energy for 0.1."""

    def price_per_kwh(self) -> float:
        """Return the price."""
        return 0.1


async def started(
    machine: Hardware | None = None,
    before: Estimator | None = None,
    prices: Prices | None = None,
    **settings: Any,
) -> Estimator:
    """Return an estimator in a gateway with this machine's sensors, after another one."""
    estimator = Estimator(Estimator.Config(**settings))
    hosts = SimpleNamespace(urls=(HERE, THERE))
    members: dict[type, object] = {Hardware: machine, Estimator: before, Prices: prices}
    gateway = SimpleNamespace(find=members.get, hosts=hosts)
    async with estimator.lifespan(cast("Gateway", gateway)):
        return estimator


def answer(tokens: int, seconds: float, prompt: int = 0, reading: float = 0.0) -> Chunk:
    """Return the last chunk of an answer."""
    return Chunk(
        done=True,
        done_reason="stop",
        eval_count=tokens,
        eval_duration=round(seconds * 1e9),
        prompt_eval_count=prompt,
        prompt_eval_duration=round(reading * 1e9),
    )


def loading(seconds: float) -> Chunk:
    """Return the answer to an empty request."""
    return Chunk(done=True, done_reason="load", load_duration=round(seconds * 1e9))


def speed(estimator: Estimator, host: str, facts: Facts = LLAMA_8B) -> float:
    """Return how many tokens are expected in a second, alone and with an empty context."""
    return 1 / estimator.estimate(host, facts, Work(prompt=0, answer=0), LOADED).step


HALO = 1 / step(LLAMA_8B, RYZEN_AI_MAX_395)
UNKNOWN = 1 / step(LLAMA_8B, generic())


async def test_the_machine_is_found() -> None:
    """A Strix Halo is known by its card, on this machine only; all others are unknown."""
    for card in (Card(name="card1", device=0x1586), Card(name="card1", gfx="gfx1151")):
        estimator = await started(Machine(card))
        assert speed(estimator, HERE) == pytest.approx(HALO)
        assert speed(estimator, THERE) == pytest.approx(UNKNOWN)
    for machine in (None, Machine(None), Machine(Card(name="card0", device=0x744C))):
        assert speed(await started(machine), HERE) == pytest.approx(UNKNOWN)


async def test_the_machine_is_found_later() -> None:
    """A card that shows up later is believed from the next answer on."""
    machine = Machine(None)
    estimator = await started(machine)
    assert speed(estimator, HERE) == pytest.approx(UNKNOWN)
    machine.card = Card(name="card1", device=0x1586)
    estimator.observe(HERE, LLAMA_8B, answer(0, 0.0), 1)
    assert speed(estimator, HERE) == pytest.approx(HALO)


async def test_settings() -> None:
    """The file may name the machine and any of its figures."""
    named = await started(profile="ryzen-ai-max-395")
    assert speed(named, THERE) == pytest.approx(HALO)
    slower = await started(bandwidth=Size(25_000_000_000), load_rate=Size(10**9))
    assert speed(slower, THERE) == pytest.approx(UNKNOWN / 2, rel=0.05)
    assert slower.estimate(THERE, LLAMA_8B, WORK, Outlook()).load == pytest.approx(4.91 + 1)
    crowd = Outlook(is_loaded=True, slots=4, busy=3)
    free = await started(profile="ryzen-ai-max-395", batching=1e-9)
    assert free.estimate(HERE, LLAMA_8B, WORK, crowd).step == pytest.approx(
        free.estimate(HERE, LLAMA_8B, WORK, LOADED).step
    )
    thrifty = await started(idle_watts=95.0, prefill_watts=90.0, price_per_kwh=0.1)
    assert thrifty.price == 0.1
    assert thrifty.estimate(HERE, LLAMA_8B, WORK, LOADED).joules == 0


async def test_one_price() -> None:
    """Without a price in its own table it takes that of energy; nobody's is 0.30."""
    assert (await started(prices=Night())).price == 0.1
    assert (await started(prices=Night(), price_per_kwh=0.5)).price == 0.5
    assert (await started()).price == Estimator(Estimator.Config()).price == 0.3


async def test_watts_of_an_attempt() -> None:
    """What a model was seen to draw counts for its attempts on that host, else what is expected."""
    card = Card(name="card1", device=0x1586)
    estimator = await started(Machine(card, watts=62.0), load_watts=20.0, decode_watts=80.0)
    attempt = Attempt(a_call(model=LLAMA_8B.name))
    attempt.host = HERE
    assert estimator.watts_of(attempt) == (20.0, 98.0, 80.0)
    for _ in range(400):
        estimator.observe(HERE, LLAMA_8B, answer(1_000, 100.0), 1)
    assert estimator.watts_of(attempt).decode == pytest.approx(62, rel=0.02)
    attempt.host = THERE
    assert estimator.watts_of(attempt).decode == 80.0


async def test_learning() -> None:
    """Answers teach their own model's speed on their own host, and nobody else's."""
    estimator = await started(profile="ryzen-ai-max-395")
    for _ in range(400):
        estimator.observe(HERE, LLAMA_8B, answer(1_000, 100.0), 1)
    assert speed(estimator, HERE) == pytest.approx(10, rel=0.05)
    assert speed(estimator, THERE) == pytest.approx(HALO)
    other = GPT_OSS_20B
    assert speed(estimator, HERE, other) == pytest.approx(1 / step(other, RYZEN_AI_MAX_395))


async def test_new_facts() -> None:
    """What was learnt outlives a look at the same model, but not a model that was pulled anew."""
    estimator = await started(profile="ryzen-ai-max-395")
    for _ in range(10):
        estimator.observe(HERE, LLAMA_8B, answer(1_000, 100.0), 1)
    learnt = speed(estimator, HERE)
    same = msgspec.convert(msgspec.to_builtins(LLAMA_8B), Facts)
    assert same is not LLAMA_8B
    assert speed(estimator, HERE, same) == learnt
    assert speed(estimator, HERE, LLAMA_8B.replace(digest="new")) == pytest.approx(HALO)


async def test_new_settings() -> None:
    """What was learnt outlives a change of other plugins' settings; after a change of its own only
    the length of answers does."""
    first = await started(profile="ryzen-ai-max-395")
    for _ in range(10):
        first.observe(HERE, LLAMA_8B, answer(1_000, 100.0), 1)
    call = a_call(model=LLAMA_8B.name)
    same = await started(before=first, profile="ryzen-ai-max-395")
    assert speed(same, HERE) == speed(first, HERE)
    other = await started(before=first, profile="ryzen-ai-max-395", wall_factor=1.3)
    assert speed(other, HERE) == pytest.approx(HALO)
    assert other.answer_tokens(call) == first.answer_tokens(call) > 500


async def test_loads() -> None:
    """The answer to an empty request tells how fast a host loads, for all its models."""
    estimator = await started(profile="ryzen-ai-max-395")
    before = estimator.estimate(HERE, GPT_OSS_20B, WORK, Outlook()).load
    for _ in range(400):
        estimator.observe(HERE, LLAMA_8B, loading(1 + 4.91), 1)
    assert estimator.estimate(HERE, GPT_OSS_20B, WORK, Outlook()).load == pytest.approx(
        12.1 + 1, rel=0.01
    )
    assert estimator.estimate(THERE, GPT_OSS_20B, WORK, Outlook()).load == before


async def test_what_was_loaded_already() -> None:
    """An empty request to a model in memory, and an answer that waited, teach nothing of loads."""
    estimator = await started(profile="ryzen-ai-max-395")
    before = estimator.estimate(HERE, LLAMA_8B, WORK, Outlook()).load
    estimator.observe(HERE, LLAMA_8B, loading(0.01), 1)
    estimator.observe(HERE, LLAMA_8B, answer(100, 2.0).replace(load_duration=10**11), 1)
    assert estimator.estimate(HERE, LLAMA_8B, WORK, Outlook()).load == before


async def test_watts() -> None:
    """What the machine draws while one answer runs alone is what that model costs."""
    card = Card(name="card1", device=0x1586)
    estimator = await started(Machine(card, watts=62.0))
    before = estimator.estimate(HERE, LLAMA_8B, WORK, LOADED).joules
    for host, seconds, streams in ((HERE, 40.0, 2), (HERE, 1.0, 1), (THERE, 40.0, 1)):
        estimator.observe(host, LLAMA_8B, answer(20, seconds), streams)
        known = estimator.estimate(host, LLAMA_8B, WORK, LOADED)
        assert known.joules / known.step >= 0
    alone = await started(Machine(card, watts=62.0))
    for _ in range(400):
        alone.observe(HERE, LLAMA_8B, answer(100, 100 / HALO), 1)
    assert alone.estimate(HERE, LLAMA_8B, WORK, LOADED).joules < 0.75 * before


async def test_length_of_answers() -> None:
    """An answer is expected to be as long as those of its model were, and as allowed at most."""
    estimator = await started()

    def expected(model: str = LLAMA_8B.name, limit: int | None = None, **more: Any) -> int:
        call: Call = a_call(model=model, options=Options(num_predict=limit), **more)
        return estimator.answer_tokens(call)

    assert (expected(), expected(limit=100), expected(limit=-1)) == (256, 100, 256)
    assert expected(limit=32_768) == 256
    for _ in range(400):
        estimator.observe(HERE, LLAMA_8B, answer(1_000, 20.0), 1)
    assert expected() == pytest.approx(1_000, rel=0.01)
    assert expected(limit=100) == 100
    assert expected("auto") == pytest.approx(1_000, rel=0.01)
    assert expected(EMBED.name, kind="embed", inputs=("text",)) == 0


async def test_slots() -> None:
    """Models that only embed have one slot."""
    estimator = await started()
    assert (estimator.forced_slots(EMBED), estimator.forced_slots(LLAMA_8B)) == (1, None)


async def test_measures() -> None:
    """Speeds that were measured are shown by host and model, others are not."""
    estimator = await started(profile="ryzen-ai-max-395")
    estimator.estimate(HERE, GPT_OSS_20B, WORK, LOADED)
    estimator.observe(THERE, LLAMA_8B, answer(1_000, 1_000 / HALO), 1)
    estimator.observe(HERE, LLAMA_8B, loading(5.0), 1)
    shown = {each.name: dict(each.values) for each in estimator.measures()}
    assert list(shown["localai_model_tokens_per_second"]) == [("2", LLAMA_8B.name)]
    assert list(shown["localai_model_prompt_tokens_per_second"]) == [("2", LLAMA_8B.name)]
    assert list(shown["localai_load_bytes_per_second"]) == [("1",)]


async def test_memory_is_bounded() -> None:
    """However many models come by, only so many are remembered."""
    estimator = await started(profile="ryzen-ai-max-395")
    for number in range(MOST_MODELS + 10):
        facts = Facts(name=f"model-{number}", size=10**9)
        estimator.observe(HERE, facts, answer(100, 1.0), 1)
    measured = next(iter(estimator.measures()))
    assert len(measured.values) == MOST_MODELS


async def test_pace() -> None:
    """An estimate takes 10 µs at most, and an answer teaches in 30."""
    estimator = await started(profile="ryzen-ai-max-395")
    last = answer(100, 2.0, 1_000, 1.0)

    def estimates() -> None:
        for _ in range(1_000):
            estimator.estimate(HERE, LLAMA_8B, WORK, LOADED)

    def lessons() -> None:
        for _ in range(1_000):
            estimator.observe(HERE, LLAMA_8B, last, 1)

    within(1_000 * 10e-6, estimates)
    within(1_000 * 30e-6, lessons)
