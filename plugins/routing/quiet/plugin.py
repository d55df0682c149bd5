"""Caps of watts and temperature, quiet hours, prices by the hour. Fails closed."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated

import structlog
from msgspec import Meta, Struct

from localai import (
    Gateway,
    Measure,
    SettingsError,
    check_apart,
    hookimpl,
    minute_of_day,
    read_hours,
)
from plugins.routing.hardware.plugin import Hardware
from plugins.routing.hardware.reading import Reading
from plugins.routing.quiet.governor import Governor
from plugins.routing.quiet.restraint import NONE, Restraint

log = structlog.get_logger("quiet")

EVERY = 1.0
"""Seconds between two looks at the clock and the sensors."""
STALE = 30.0
"""Age in seconds of a reading that no longer says anything."""

Amount = Annotated[float, Meta(ge=0, le=1e6)]
Share = Annotated[float, Meta(gt=0, le=1)]


class Quiet:
    """Says how much the machine may do, which the choice of models and the queue follow."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.routing.quiet]."""

        max_watts: Amount = 0.0
        """Watts of the chip above which slots are taken away; 0: no cap."""
        watts_band: Annotated[float, Meta(gt=0)] = 10.0
        """Watts below the cap at which they are given back."""
        max_temperature: Amount = 0.0
        """Degrees Celsius above which slots are taken away; 0: no cap."""
        temperature_band: Annotated[float, Meta(gt=0)] = 5.0
        """Degrees below the cap at which they are given back."""
        quiet_hours: tuple[str, ...] = ()
        """Hours of this machine's clock with less noise, such as ["22:00-07:00"]."""
        quiet_slots: Share = 0.5
        """Share of the slots in quiet hours; one slot is always left."""
        quiet_watts: Amount = 0.0
        """The cap of watts in quiet hours; 0: the same as at other hours."""
        tariff: dict[str, Annotated[float, Meta(ge=0)]] = {}
        """Price of a kWh by the hour, such as { "00:00-06:00" = 0.18 }; else the estimate's own."""
        saving_price: Annotated[float, Meta(ge=0)] = 0.0
        """Price of the tariff from which less energy counts for more than speed; 0: none."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._hours = [read_hours(text, "quiet_hours") for text in config.quiet_hours]
        self._tariff = [
            (read_hours(text, "tariff"), price) for text, price in config.tariff.items()
        ]
        check_apart(self._hours, "quiet_hours")
        check_apart((hours for hours, _ in self._tariff), "tariff")
        _check(config)
        self._by_day = _governor(config.max_watts, config.watts_band)
        self._by_night = _governor(config.quiet_watts, config.watts_band)
        self._heat = _governor(config.max_temperature, config.temperature_band)
        self._is_capped = any((self._by_day, self._by_night, self._heat))
        self.needs = ("routing.hardware",) if self._is_capped else ()
        """A cap without sensors would hold nothing."""
        self._restraint = NONE
        self._price: float | None = None

    def restraint(self) -> Restraint:
        """Return what holds now; it is at most a second old, and costs nothing."""
        return self._restraint

    def price(self) -> float | None:
        """Return the price of a kWh at this hour; `None` where the tariff says none."""
        return self._price

    def update(self, now: float, clock: float, reading: Reading | None) -> None:
        """Find what holds; `now` is a Unix time, `clock` a `time.monotonic()`."""
        minute = minute_of_day(now)
        self._price = next((price for hours, price in self._tariff if hours.covers(minute)), None)
        if reading is not None and clock - reading.at > STALE:
            reading = None
        found = [*self._by_clock(minute), *self._by_sensors(minute, clock, reading)]
        self._restraint = _all(found) if found else NONE

    @hookimpl
    def lifespan(self, gateway: Gateway) -> AbstractAsyncContextManager[None]:
        """Look each second, if anything is set."""
        return self._looking(gateway)

    @hookimpl
    def measures(self) -> Iterable[Measure]:
        """Return the share of the slots, and the price."""
        yield Measure(
            name="localai_restraint_slots_ratio",
            help="Share of the slots that may be busy, by caps and quiet hours.",
            kind="gauge",
            across="max",
            values=[((), self._restraint.slots)],
        )
        yield Measure(
            name="localai_restraint_saving",
            help="1 while less energy counts for more than speed.",
            kind="gauge",
            across="max",
            values=[((), float(self._restraint.saving))],
        )
        if self._price is not None:
            yield Measure(
                name="localai_tariff_price_per_kwh",
                help="Price of a kWh at this hour, by the tariff of the settings.",
                kind="gauge",
                across="max",
                values=[((), self._price)],
            )

    @asynccontextmanager
    async def _looking(self, gateway: Gateway) -> AsyncIterator[None]:
        if not (self._hours or self._tariff or self._is_capped):
            yield
            return
        self._look(gateway)
        looking = asyncio.create_task(self._look_on(gateway), name="quiet")
        try:
            yield
        finally:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    async def _look_on(self, gateway: Gateway) -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                self._look(gateway)
            except Exception:
                log.exception("what holds can't be found: what held goes on")

    def _look(self, gateway: Gateway) -> None:
        hardware = gateway.find(Hardware)
        self.update(time.time(), time.monotonic(), hardware.reading() if hardware else None)

    def _by_clock(self, minute: int) -> Iterator[Restraint]:
        """Yield what the clock on the wall says."""
        for hours in self._hours:
            if hours.covers(minute):
                reason = f"quiet hours {hours.text}"
                yield Restraint(slots=self._config.quiet_slots, saving=True, reason=reason)
        dear = self._config.saving_price
        if dear and self._price is not None and self._price >= dear:
            yield Restraint(saving=True, reason=f"a kWh costs {self._price:g}")

    def _by_sensors(
        self, minute: int, clock: float, reading: Reading | None
    ) -> Iterator[Restraint]:
        """Yield what the caps say; without a reading they hold what they held."""
        watts = None if reading is None else reading.watts
        temperature = None if reading is None else reading.temperature
        is_night = any(hours.covers(minute) for hours in self._hours)
        power = self._by_night if is_night and self._by_night else self._by_day
        for governor, figure, name in (
            (power, watts, "watts"),
            (self._heat, temperature, "temperature"),
        ):
            if governor is None:
                continue
            if figure is not None:
                governor.update(clock, figure)
            if governor.level:
                reason = f"{name} near the cap of {governor.cap:g}"
                yield Restraint(slots=governor.share, saving=True, reason=reason)


def _governor(cap: float, band: float) -> Governor | None:
    return Governor(cap, band) if cap else None


def _check(config: Quiet.Config) -> None:
    for cap, band, name in (
        (config.max_watts, config.watts_band, "watts_band"),
        (config.quiet_watts, config.watts_band, "watts_band"),
        (config.max_temperature, config.temperature_band, "temperature_band"),
    ):
        if cap and band >= cap:
            raise SettingsError(f"{name}: expected less than the cap of {cap:g}")
    if config.quiet_watts and not config.quiet_hours:
        raise SettingsError("quiet_watts: there are no quiet_hours in which it would hold")
    if config.saving_price and not config.tariff:
        raise SettingsError("saving_price: there is no tariff to compare with it")


def _all(restraints: list[Restraint]) -> Restraint:
    """Return what satisfies each of some restraints."""
    return Restraint(
        slots=min(each.slots for each in restraints),
        saving=any(each.saving for each in restraints),
        reason="; ".join(each.reason for each in restraints),
    )
