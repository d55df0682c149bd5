"""What is booked for attempts: on this machine with a sensor, without one, and elsewhere."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from localai import (
    Attempt,
    Chunk,
    EnergyModel,
    PhaseWatts,
    PowerMeter,
    PowerSample,
    Prices,
    SettingsError,
)
from plugins.metrics.energy import plugin as plugin_module
from plugins.metrics.energy.plugin import Energy
from tests.pace import within
from tests.plugins.metrics.energy.attempts import Meter, an_attempt

ELSEWHERE = "http://192.0.2.1:11434"
SECOND = 10**9


class Sensor(PowerMeter):
    """A power meter that a test looks at the chip with."""

    def __init__(self) -> None:
        self.meter = Meter(at=90.0)
        self.is_silent = False

    def look(self, at: float, watts: float) -> None:
        """Look at the chip."""
        self.meter.look(at, watts)

    def sample(self) -> PowerSample | None:
        """Return the last look."""
        return None if self.is_silent else self.meter.last


class Expected(EnergyModel):
    """A cost model of a model that draws 65 W."""

    def watts_of(self, attempt: Attempt) -> PhaseWatts:
        """Return the watts of each phase."""
        return PhaseWatts(load=20.0, prefill=95.0, decode=65.0)


@asynccontextmanager
async def books(
    *roles: object, before: Energy | None = None, **settings: Any
) -> AsyncIterator[Energy]:
    """Run the plugin beside others, after another one of itself."""

    def find(kind: type) -> Any:
        return before if kind is Energy else next((r for r in roles if isinstance(r, kind)), None)

    made = Energy(Energy.Config(**settings))
    gateway: Any = SimpleNamespace(find=find)
    async with made.lifespan(gateway):
        yield made


def run(plugin: Energy, attempt: Attempt, seconds: float, last: Chunk | None = None) -> Attempt:
    """Let an attempt run for some seconds, with nothing else in between."""
    end = plugin.watch_attempt(attempt)
    attempt.ended, attempt.last = attempt.begun + seconds, last
    end()
    return attempt


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The time by which figures are told; attempts have their own."""
    times = SimpleNamespace(now=90.0, time=time.time)
    times.monotonic = lambda: times.now
    monkeypatch.setattr(plugin_module, "time", times)
    return times


def figures(plugin: Energy) -> dict[str, float]:
    """Return the sum of each figure over its labels."""
    return {each.name: sum(value for _, value in each.values) for each in plugin.measures()}


def answer(seconds: float) -> Chunk:
    """Return the last chunk of an answer that was written in these seconds."""
    return Chunk(done=True, model="tiny", eval_count=100, eval_duration=round(seconds * SECOND))


async def test_where_a_sensor_is_energy_is_measured() -> None:
    """Ten seconds of 100 W, less 15 W, at the wall, by the price and the grams of the file."""
    sensor = Sensor()
    async with books(sensor, price_per_kwh=0.5, grams_per_kwh=400.0) as plugin:
        figures(plugin)
        sensor.look(99.999, 15.0)
        attempt = an_attempt()
        end = plugin.watch_attempt(attempt)
        sensor.look(100.0, 100.0)
        sensor.look(110.0, 100.0)
        attempt.ended, attempt.last = 110.0, answer(9)
        end()
        cost = attempt.cost
        assert cost is not None
        assert cost.joules == pytest.approx(850 * 1.4, rel=1e-3)
        assert cost.source == "measured"
        assert cost.money == pytest.approx(cost.joules / 3.6e6 * 0.5)
        assert cost.grams == pytest.approx(cost.joules / 3.6e6 * 400)
        told = figures(plugin)
    assert told["localai_energy_attributed_joules_total"] == pytest.approx(cost.joules)
    assert told["localai_energy_money_total"] == pytest.approx(cost.money)
    assert told["localai_energy_co2_grams_total"] == pytest.approx(cost.grams)
    assert told["localai_energy_price_per_kwh"] == 0.5


async def test_what_requests_take_and_idle_are_what_the_chip_takes(
    clock: SimpleNamespace,
) -> None:
    """The figures of requests and of idle, together, are the meter's own at the wall."""
    sensor = Sensor()
    async with books(sensor, wall_factor=2.0) as plugin:
        figures(plugin)
        sensor.look(100.0, 90.0)
        run(plugin, an_attempt(), 0.0, answer(1))
        first = plugin.watch_attempt(one := an_attempt())
        second = plugin.watch_attempt(other := an_attempt(begun=103.0))
        sensor.look(104.0, 110.0)
        one.ended = other.ended = 106.0
        first()
        second()
        sensor.look(120.0, 15.0)
        clock.now = 120.0
        told = figures(plugin)
    sum_of_all = (
        told["localai_energy_attributed_joules_total"] + told["localai_energy_idle_joules_total"]
    )
    assert sum_of_all == pytest.approx(2 * sensor.meter.last.joules)


@pytest.mark.parametrize(
    ("roles", "host", "label", "joules"),
    [
        ((), "http://127.0.0.1:11434", "1", 10 * (89 - 15)),
        ((Sensor(),), ELSEWHERE, "2", 10 * (89 - 15)),
        ((Sensor(),), "http://127.0.0.1:9", "embedded", 10 * (89 - 15)),
        ((Expected(),), ELSEWHERE, "2", 10 * (65 - 15)),
    ],
)
async def test_elsewhere_energy_is_modelled(
    roles: tuple[object, ...], host: str, label: str, joules: float
) -> None:
    """Without a sensor, on another machine or in the router itself, the cost model is asked."""
    async with books(*roles, wall_factor=1.0) as plugin:
        cost = run(plugin, an_attempt(host, label), 12.0, answer(10)).cost
    assert cost is not None
    assert cost.source == "modelled"
    assert cost.joules == pytest.approx(joules)


async def test_those_that_run_together_elsewhere_share_the_chip() -> None:
    """Two answers at a time take each half of what one alone would."""
    async with books(wall_factor=1.0, subtract_idle=False) as plugin:
        ends = []
        both = [an_attempt(ELSEWHERE, "2") for _ in range(2)]
        for attempt in both:
            ends.append(plugin.watch_attempt(attempt))
            attempt.ended, attempt.last = 110.0, answer(10)
        for end in ends:
            end()
        assert [each.cost and each.cost.joules for each in both] == [445.0, 445.0]


async def test_a_sensor_that_falls_silent_is_replaced_by_the_model() -> None:
    """An attempt during which the sensor stopped is modelled as a whole."""
    sensor = Sensor()
    async with books(sensor, wall_factor=1.0) as plugin:
        figures(plugin)
        end = plugin.watch_attempt(attempt := an_attempt())
        attempt.ended, attempt.last = 110.0, answer(10)
        sensor.is_silent = True
        end()
    assert attempt.cost is not None
    assert (attempt.cost.joules, attempt.cost.source) == (740.0, "modelled")


async def test_an_ollama_that_was_not_there_takes_nothing() -> None:
    """What was refused before any model saw it is free, and what another one answered is its."""
    sensor = Sensor()
    async with books(sensor) as plugin:
        figures(plugin)
        refused = an_attempt()
        refused.error = "UpstreamUnreachable"
        assert run(plugin, refused, 5.0).cost is not None
        assert refused.cost is not None
        assert refused.cost.joules == 0
        end = plugin.watch_attempt(moved := an_attempt())
        moved.host, moved.label = ELSEWHERE, "2"
        moved.ended, moved.last = 110.0, answer(1)
        end()
        assert moved.cost is not None
        assert moved.cost.joules == pytest.approx(1.4 * 74)


async def test_the_price_is_told_to_whoever_asks() -> None:
    """The plugin plays the role of prices, by the hour; wrong hours are refused at load."""
    plugin: Prices = Energy(Energy.Config(tariff={"00:00-24:00": 0.2}))
    assert plugin.price_per_kwh() == 0.2
    assert Energy(Energy.Config()).price_per_kwh() == 0.3
    with pytest.raises(SettingsError, match="tariff: expected hours"):
        Energy(Energy.Config(tariff={"night": 0.2}))


async def test_other_settings_go_on_with_the_same_books() -> None:
    """What began under the old settings takes its part of the same joules, and all is kept."""
    sensor = Sensor()
    async with books(sensor, wall_factor=1.0) as before:
        figures(before)
        sensor.look(100.0, 115.0)
        end = before.watch_attempt(one := an_attempt())
        async with books(sensor, before=before, wall_factor=1.0, idle_watts=35.0) as after:
            other = an_attempt()
            end_other = after.watch_attempt(other)
            sensor.look(110.0, 115.0)
            one.ended = other.ended = 110.0
            end()
            end_other()
            told = figures(after)
    assert one.cost is not None
    assert other.cost is not None
    assert one.cost.joules == pytest.approx(400)
    assert other.cost.joules == pytest.approx(400)
    assert told["localai_energy_attributed_joules_total"] == pytest.approx(800)


async def test_what_runs_now_is_told_in_watts(clock: SimpleNamespace) -> None:
    """While a request runs, what is drawn above idle is its; afterwards nobody draws."""
    sensor = Sensor()
    async with books(sensor) as plugin:
        figures(plugin)
        end = plugin.watch_attempt(attempt := an_attempt())
        sensor.look(101.0, 115.0)
        clock.now = 101.0
        assert figures(plugin)["localai_power_attributed_watts"] == pytest.approx(140)
        attempt.ended = clock.now = 102.0
        end()
        assert figures(plugin)["localai_power_attributed_watts"] == 0


@pytest.mark.parametrize("others", [0, 15])
async def test_an_attempt_costs_some_microseconds(others: int) -> None:
    """Begin and end of an attempt, with the price, the grams and the books."""
    sensor = Sensor()
    async with books(sensor, Expected(), tariff={"22:00-06:00": 0.22}) as plugin:
        figures(plugin)
        running = [an_attempt() for _ in range(others)]
        for each in running:
            plugin.watch_attempt(each)
            each.first = each.begun
        attempts = [an_attempt(begun=100.0 + number / 100) for number in range(100)]

        def hundred() -> None:
            for attempt in attempts:
                run(plugin, attempt, 0.005)

        within(100 * (30e-6 if others else 20e-6), hundred)
