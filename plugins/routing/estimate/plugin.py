"""How long an answer would take and what it would cost, from files and from measured speeds."""

import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from localai import (
    USUAL_PRICE,
    Attempt,
    Call,
    Chunk,
    EnergyModel,
    Gateway,
    Measure,
    PhaseWatts,
    Prices,
    Size,
    full_name,
    hookimpl,
    is_here,
)
from plugins.routing.catalogue.model import Facts
from plugins.routing.estimate import memory, profiles
from plugins.routing.estimate.measured import Average, Measured
from plugins.routing.estimate.profiles import Power, Profile
from plugins.routing.estimate.speeds import LOAD_OVERHEAD, estimate
from plugins.routing.estimate.terms import Estimate, Outlook, Work
from plugins.routing.hardware.plugin import Hardware

NANOSECONDS = 1e-9
STRIX_HALO = 0x1586
"""The PCI device of the Radeon 8060S."""
SHORTEST_LOAD = 0.5
"""Seconds; what is faster was in memory already."""
SHORTEST_DRAW = 2.0
"""Seconds of an answer; power is sampled once a second."""
MOST_MODELS = 1_000
"""Models on hosts whose speeds are kept."""
MOST_HOSTS = 100
USUAL_ANSWER = 256
"""Tokens of an answer whose like was not seen yet."""
ANYONE = ""
"""Stands for all models."""

Watts = Annotated[float, Meta(ge=0, le=10_000)]


class Estimator(EnergyModel):
    """Says before a request is sent what it takes, and learns from each answer."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.routing.estimate]."""

        profile: Literal["auto", "ryzen-ai-max-395", "generic"] = "auto"
        """What is expected before anything is measured; auto looks what this machine is."""
        bandwidth: Size = Size(0)
        """Bytes of weights that are read in a second, such as "200GB"; 0 for the profile's."""
        load_rate: Size = Size(0)
        """Bytes of a model that are loaded in a second, at first; 0 for the profile's."""
        batching: Annotated[float, Meta(ge=0, le=1)] = 0.0
        """Part by which each further answer at a time slows a step; 0 for the profile's."""
        price_per_kwh: Annotated[float, Meta(ge=0)] = 0.0
        """Money for a kilowatt-hour; 0: as [plugins.metrics.energy] says, 0.30 without it."""
        wall_factor: Annotated[float, Meta(ge=1, le=10)] = 1.4
        """Watts at the wall for each watt that the chip reports."""
        idle_watts: Watts = 15.0
        """What the chip draws without work, which no request is charged for."""
        load_watts: Watts = 18.0
        """What it draws while a model is read from disk."""
        prefill_watts: Watts = 98.0
        """What it draws while a prompt is read."""
        decode_watts: Watts = 89.0
        """What it draws while an answer is made; measured for each model where it can be."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._power = Power(
            wall_factor=config.wall_factor,
            idle=config.idle_watts,
            load=max(config.load_watts, config.idle_watts),
            prefill=max(config.prefill_watts, config.idle_watts),
            decode=max(config.decode_watts, config.idle_watts),
        )
        self._gateway: Gateway | None = None
        self._profiles: dict[str, Profile] = {}
        self._models: dict[tuple[str, str], Measured] = {}
        self._loads: dict[str, Average] = {}
        self._answers: dict[str, Average] = {}

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, gateway: Gateway) -> AsyncIterator[None]:
        """Remember whom to ask what machine this is, and go on with what was learnt before."""
        self._gateway = gateway
        before = gateway.find(Estimator)
        if before is not None:
            self._answers = before._answers
            if before._config == self._config:
                self._models, self._loads = before._models, before._loads
        yield

    @property
    def price(self) -> float:
        """Money for a kilowatt-hour at this hour."""
        if self._config.price_per_kwh or self._gateway is None:
            return self._config.price_per_kwh or USUAL_PRICE
        prices = self._gateway.find(Prices)
        return USUAL_PRICE if prices is None else prices.price_per_kwh()

    def watts_of(self, attempt: Attempt) -> PhaseWatts:
        """Return what a host's chip draws for an attempt, by what its model drew before."""
        known = self._models.get((attempt.host, full_name(attempt.call.model)))
        power = self._power
        decode = power.decode if known is None else known.watts
        return PhaseWatts(power.load, power.prefill, decode)

    def estimate(self, host: str, facts: Facts, work: Work, outlook: Outlook) -> Estimate:
        """Return what a request would take on a host that has the model; some microseconds."""
        return estimate(self._known(host, facts).speeds, work, outlook)

    def observe(self, host: str, facts: Facts, last: Chunk, streams: int, others: int = 0) -> None:
        """Learn from the last chunk of an answer.

        `streams` answers of the model ran at the time, this one included, and `others` other models
        made answers on the host.

        The answer to an empty request, which only loads the model, tells how fast that was: no
        other does, as `load_duration` also counts the time until Ollama began.
        """
        loading = last.load_duration * NANOSECONDS
        if last.done_reason == "load":
            if loading >= SHORTEST_LOAD:
                self.loaded(host, facts, loading)
            return
        known = self._known(host, facts)
        seconds = last.eval_duration * NANOSECONDS
        known.answered(last.eval_count, seconds, last.prompt_eval_count, streams, others)
        known.read(last.prompt_eval_count, last.prompt_eval_duration * NANOSECONDS, others)
        if streams == 1 and not others and seconds >= SHORTEST_DRAW:
            known.drew(self._watts(host, seconds))
        known.settle(self._load_rate(host))
        if last.eval_count > 0:
            for name in (full_name(facts.name).lower(), ANYONE):
                self._average(self._answers, name).add(last.eval_count)

    def loaded(self, host: str, facts: Facts, seconds: float) -> None:
        """Learn from a load that nothing else held up, and that nobody else waited before."""
        if facts.size > 0 and seconds > 0:
            rate = facts.size / max(seconds - LOAD_OVERHEAD, seconds / 2)
            self._average(self._loads, host).add(rate)
            rate = self._load_rate(host)
            for (other, _), known in self._models.items():
                if other == host:
                    known.settle(rate)

    def answer_tokens(self, call: Call) -> int:
        """Return how long an answer will be, from what the call allows and what answers were."""
        if call.kind == "embed":
            return 0
        average = self._answers.get(full_name(call.model).lower()) or self._answers.get(ANYONE)
        expected = USUAL_ANSWER if average is None else round(average.shrunk(USUAL_ANSWER))
        limit = call.options.num_predict
        return expected if limit is None or limit < 0 else min(expected, limit)

    def forced_slots(self, facts: Facts) -> int | None:
        """Return 1 for a model that Ollama gives one slot, else `None`."""
        return memory.forced_slots(facts)

    @hookimpl
    def measures(self) -> Iterable[Measure]:
        """Tell how fast models are, where that was measured."""
        labels = {}
        if self._gateway is not None:
            labels = {url: str(at) for at, url in enumerate(self._gateway.hosts.urls, start=1)}
        known = [
            ((labels.get(host, ""), name), each.speeds)
            for (host, name), each in self._models.items()
            if each.samples
        ]
        yield Measure(
            name="localai_model_tokens_per_second",
            help="Tokens that a model makes in a second, alone and with an empty context.",
            kind="gauge",
            across="max",
            labels=("host", "model"),
            values=[(names, 1 / speeds.step) for names, speeds in known],
        )
        yield Measure(
            name="localai_model_prompt_tokens_per_second",
            help="Tokens of a prompt that a model reads in a second.",
            kind="gauge",
            across="max",
            labels=("host", "model"),
            values=[(names, speeds.prefill) for names, speeds in known],
        )
        yield Measure(
            name="localai_load_bytes_per_second",
            help="Bytes of models that a host loads in a second.",
            kind="gauge",
            across="max",
            labels=("host",),
            values=[((labels.get(host, ""),), self._load_rate(host)) for host in self._loads],
        )

    def _known(self, host: str, facts: Facts) -> Measured:
        known = self._models.get((host, facts.name))
        if known is not None and known.facts is facts:
            return known
        if known is not None and known.facts == facts:
            known.facts = facts
            return known
        # A model that was pulled anew is another one.
        if len(self._models) >= MOST_MODELS:
            del self._models[next(iter(self._models))]
        known = Measured(facts, self._profile(host), self._load_rate(host))
        self._models[host, facts.name] = known
        return known

    def _profile(self, host: str) -> Profile:
        """Return what is expected of a host; what machine it is, is looked up until it is known."""
        if (known := self._profiles.get(host)) is not None:
            return known
        name: str | None = self._config.profile
        if name == profiles.AUTO:
            name = self._detected(host)
        profile = profiles.named(name or profiles.GENERIC, self._config.bandwidth)
        changes: dict[str, Any] = {"power": self._power}
        if self._config.batching:
            changes["batching"] = self._config.batching
        if self._config.load_rate:
            changes["load_rate"] = float(self._config.load_rate)
        profile = profile.replace(**changes)
        if name is not None and len(self._profiles) < MOST_HOSTS:
            self._profiles[host] = profile
            # Whatever was met before was expected to be slow.
            self._models = {key: each for key, each in self._models.items() if key[0] != host}
        return profile

    def _detected(self, host: str) -> str | None:
        """Return the name of a host's profile; `None` if this machine has not been looked at."""
        if not is_here(host):
            return profiles.GENERIC
        hardware = self._hardware()
        if hardware is None or (reading := hardware.reading()) is None:
            return None
        card = reading.card
        is_ryzen = card.device == STRIX_HALO or card.gfx == "gfx1151"
        return profiles.RYZEN if is_ryzen else profiles.GENERIC

    def _load_rate(self, host: str) -> float:
        prior = self._profile(host).load_rate
        average = self._loads.get(host)
        return prior if average is None else average.shrunk(prior)

    def _watts(self, host: str, seconds: float) -> float:
        """Return what this machine drew in the last seconds, 0 if nobody knows."""
        hardware = self._hardware() if is_here(host) else None
        if hardware is None:
            return 0.0
        now = time.monotonic()
        joules = hardware.energy_between(now - seconds, now)
        return joules / seconds if joules else 0.0

    def _hardware(self) -> Hardware | None:
        return None if self._gateway is None else self._gateway.find(Hardware)

    @staticmethod
    def _average(averages: dict[str, Average], name: str) -> Average:
        if (average := averages.get(name)) is None:
            if len(averages) >= MOST_MODELS:
                del averages[next(iter(averages))]
            average = averages[name] = Average()
        return average
