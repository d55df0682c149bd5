"""Tells what each answer took: watt-hours, money and grams of CO2. Fails open."""

import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated

from msgspec import Meta, Struct

from localai import (
    USUAL_PRICE,
    Attempt,
    Cost,
    EnergyModel,
    Gateway,
    Measure,
    PhaseWatts,
    PowerMeter,
    PowerSample,
    Prices,
    hookimpl,
    is_here,
)
from plugins.metrics.energy.books import Books
from plugins.metrics.energy.machine import Machine, Payer
from plugins.metrics.energy.modelled import UNTOUCHED, Crowd, joules_of
from plugins.metrics.energy.split import LOAD
from plugins.metrics.energy.tariff import Tariff

JOULES_PER_KWH = 3.6e6
LOAD_WATTS = 18.0
"""Of the chip while a model is read from disk, where nobody knows better: 15 to 21 W (botAGI)."""
HERE = ""
"""Stands for this machine among the places that attempts run at."""

NotNegative = Annotated[float, Meta(ge=0, le=1e6)]


class Energy(Prices):
    """Keeps books of energy: measured where this machine has a sensor, modelled elsewhere."""

    fail_mode = "open"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.metrics.energy]."""

        wall_factor: Annotated[float, Meta(ge=1, le=10)] = 1.4
        """Watts at the wall for each watt of the chip; docs/energy.md says how to find yours."""
        subtract_idle: bool = True
        """Charge requests only for what they draw above idle."""
        idle_watts: Annotated[float, Meta(ge=0, le=10_000)] = 15.0
        """What the chip draws without work."""
        watts: Annotated[float, Meta(ge=0, le=10_000)] = 89.0
        """What it draws at work, where neither sensors nor [plugins.routing.estimate] know."""
        price_per_kwh: NotNegative = USUAL_PRICE
        """Price of a kilowatt-hour, for all plugins that have none of their own in the file."""
        tariff: dict[str, NotNegative] = {}
        """Its price at other hours of this machine's clock, such as { "22:00-06:00" = 0.22 }."""
        grams_per_kwh: NotNegative = 363.0
        """Grams of CO2 for a kilowatt-hour; 363 is Germany's mix of 2024 (Umweltbundesamt)."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._tariff = Tariff(config.price_per_kwh, config.tariff)
        self._usual = PhaseWatts(min(LOAD_WATTS, config.watts), config.watts, config.watts)
        self._books = Books()
        self._machine = Machine(config.idle_watts, not config.subtract_idle)
        self._crowds: dict[str, Crowd] = {}
        self._gateway: Gateway

    def price_per_kwh(self) -> float:
        """Return the price of a kilowatt-hour at this hour."""
        return self._tariff.price(time.time())

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, gateway: Gateway) -> AsyncIterator[None]:
        """Go on with the books that were kept under other settings."""
        self._gateway = gateway
        before = gateway.find(Energy)
        if before is not None:
            # One machine: what runs under the old settings takes its part of the same joules.
            self._books, self._crowds = before._books, before._crowds
            self._machine = before._machine
            self._machine.idle_watts = self._config.idle_watts
            self._machine.charges_idle = not self._config.subtract_idle
        yield

    @hookimpl
    def watch_attempt(self, attempt: Attempt) -> Callable[[], None]:
        """Note who runs from now on; when it has ended, book what it took."""
        now, label = attempt.begun, attempt.label
        place = HERE if label == "embedded" or is_here(attempt.host) else label
        crowd = self._crowds.get(place)
        if crowd is None:
            crowd = self._crowds[place] = Crowd()
        payer = None
        if place == HERE and label != "embedded" and (sample := self._sample()) is not None:
            watts = self._watts(attempt)
            is_load = attempt.call.loads_only
            payer = self._machine.begin(
                attempt,
                now,
                sample,
                watts.load if is_load else watts.decode,
                LOAD if is_load else 1.0,
            )
        return partial(self._end, attempt, label, payer, crowd, crowd.begin(now))

    @hookimpl
    def measures(self) -> Iterable[Measure]:
        """Return what requests took, what nobody has to pay for, and the price."""
        machine, wall = self._machine, self._config.wall_factor
        sample = self._sample()
        machine.catch_up(time.monotonic(), sample)
        yield from self._books.measures()
        drawn = 0.0
        if sample is not None and machine:
            drawn = max(0.0, sample.watts - (0 if machine.charges_idle else machine.idle_watts))
        yield Measure(
            name="localai_energy_idle_joules_total",
            help="Energy that belongs to no request, at the wall.",
            kind="counter",
            across="max",
            values=[((), machine.idle * wall)],
        )
        yield Measure(
            name="localai_power_attributed_watts",
            help="What the requests that run now draw, at the wall, if a sensor tells.",
            kind="gauge",
            across="max",
            values=[((), drawn * wall)],
        )
        yield Measure(
            name="localai_energy_price_per_kwh",
            help="Price of a kilowatt-hour now.",
            kind="gauge",
            across="max",
            values=[((), self.price_per_kwh())],
        )

    def _end(
        self, attempt: Attempt, label: str, payer: Payer | None, crowd: Crowd, mark: float
    ) -> None:
        now = attempt.begun if attempt.ended is None else attempt.ended
        share = crowd.end(mark, attempt.begun, now)
        taken = None
        if payer is not None:
            last = attempt.last
            whole = 0 if last is None or attempt.call.stream else last.eval_count
            taken = self._machine.end(payer, now, self._sample(), whole)
        if taken is not None and (attempt.label != label or attempt.error in UNTOUCHED):
            self._machine.idle += taken.joules  # another Ollama has answered, or none
            taken = None
        if taken is None:
            idle = self._config.idle_watts if self._config.subtract_idle else 0.0
            joules = share * joules_of(attempt, self._watts(attempt), idle)
        else:
            joules = taken.joules
        joules *= self._config.wall_factor
        kwh = joules / JOULES_PER_KWH
        attempt.cost = cost = Cost(
            joules=joules,
            money=kwh * self.price_per_kwh(),
            grams=kwh * self._config.grams_per_kwh,
            source="measured" if taken is not None and taken.is_measured else "modelled",
        )
        self._books.add(attempt, cost)

    def _sample(self) -> PowerSample | None:
        meter = self._gateway.find(PowerMeter)
        return None if meter is None else meter.sample()

    def _watts(self, attempt: Attempt) -> PhaseWatts:
        model = self._gateway.find(EnergyModel)
        return self._usual if model is None else model.watts_of(attempt)
