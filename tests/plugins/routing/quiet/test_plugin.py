"""The plugin that restrains."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from localai import Gateway, SettingsError
from plugins.routing.hardware.card import Card
from plugins.routing.hardware.plugin import Hardware
from plugins.routing.hardware.reading import Reading
from plugins.routing.quiet import plugin as module
from plugins.routing.quiet.plugin import STALE, Quiet
from plugins.routing.quiet.restraint import NONE, Restraint
from tests.pace import within
from tests.plugins.routing.hardware.machines import HALO_LARGE, HWMON, write
from tests.plugins.support import serving

MIDNIGHT = 1_767_225_600.0
"""2026-01-01, UTC."""
CARD = Card(name="card1", is_integrated=True)


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose clock on the wall shows UTC."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def quiet(**settings: Any) -> Quiet:
    """Return the plugin with some settings."""
    return Quiet(Quiet.Config(**settings))


def at(plugin: Quiet, hour: float) -> Restraint:
    """Return what holds at an hour."""
    plugin.update(MIDNIGHT + hour * 3600, 0.0, None)
    return plugin.restraint()


def measured(
    plugin: Quiet,
    seconds: int,
    hour: float = 12,
    watts: float | None = None,
    temperature: float | None = None,
) -> Restraint:
    """Return what holds after some seconds with these figures of the sensors."""
    for second in range(seconds):
        clock = 1000.0 + hour * 3600 + second
        reading = Reading(at=clock, card=CARD, watts=watts, temperature=temperature)
        plugin.update(MIDNIGHT + hour * 3600 + second, clock, reading)
    return plugin.restraint()


def test_without_settings_there_is_no_restraint() -> None:
    """What holds is always the same object, and no hardware is needed."""
    plugin = quiet()
    assert plugin.restraint() is NONE
    assert at(plugin, 3) is NONE
    assert plugin.price() is None
    assert plugin.needs == ()


def test_quiet_hours_take_slots() -> None:
    """Within the hours fewer slots are busy and energy counts; outside nothing holds."""
    plugin = quiet(quiet_hours=("22:00-07:00",), quiet_slots=0.3)
    expected = Restraint(slots=0.3, saving=True, reason="quiet hours 22:00-07:00")
    assert at(plugin, 23) == at(plugin, 6.9) == expected
    assert at(plugin, 7) is at(plugin, 21.9) is NONE


def test_the_tariff_has_prices() -> None:
    """Each hour has its price; from `saving_price` on energy counts for more."""
    plugin = quiet(tariff={"00:00-06:00": 0.18, "17:00-20:00": 0.42}, saving_price=0.4)
    assert at(plugin, 1) is NONE
    assert plugin.price() == 0.18
    assert at(plugin, 18) == Restraint(saving=True, reason="a kWh costs 0.42")
    assert plugin.price() == 0.42
    assert at(plugin, 12) is NONE
    assert plugin.price() is None


@pytest.mark.parametrize(
    ("settings", "figures", "name"),
    [
        ({"max_watts": 85.0}, {"watts": 120.0}, "watts near the cap of 85"),
        ({"max_temperature": 80.0}, {"temperature": 95.0}, "temperature near the cap of 80"),
    ],
)
def test_caps_take_slots(settings: dict[str, float], figures: dict[str, float], name: str) -> None:
    """While a figure is above its cap there are fewer and fewer slots."""
    plugin = quiet(**settings)
    assert measured(plugin, 20, **figures) == Restraint(slots=0.75, saving=True, reason=name)
    assert measured(plugin, 60, **figures).slots == 0.25
    assert plugin.needs == ("routing.hardware",)


def test_a_cap_of_the_night_is_another_one() -> None:
    """In quiet hours the lower cap holds, by day the higher one."""
    plugin = quiet(quiet_hours=("22:00-07:00",), quiet_slots=1.0, max_watts=120, quiet_watts=60)
    assert measured(plugin, 60, hour=12, watts=90.0) is NONE
    night = measured(plugin, 60, hour=23, watts=90.0)
    assert night.slots == 0.25
    assert night.reason == "quiet hours 22:00-07:00; watts near the cap of 60"


def test_the_strictest_holds() -> None:
    """Of several restraints the fewest slots count, and all reasons are told."""
    plugin = quiet(quiet_hours=("00:00-24:00",), quiet_slots=0.5, max_watts=50, max_temperature=99)
    found = measured(plugin, 20, watts=90.0, temperature=50.0)
    assert found.slots == 0.5
    assert found.reason == "quiet hours 00:00-24:00; watts near the cap of 50"
    assert found.reason.isascii()


def test_without_a_reading_a_cap_holds_what_it_held() -> None:
    """Neither a sensor that is gone nor an old reading loosens or tightens."""
    plugin = quiet(max_watts=50)
    assert measured(plugin, 40, watts=90.0).slots == 0.5
    held = plugin.restraint()
    old = Reading(at=0.0, card=CARD, watts=10.0)
    for second in range(500):
        plugin.update(MIDNIGHT, 50_000.0 + second, None)
        assert plugin.restraint() == held
        plugin.update(MIDNIGHT, STALE + 1 + second + 50_000, old)
        assert plugin.restraint() == held


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"quiet_hours": ("22",)}, "quiet_hours: expected hours"),
        ({"quiet_hours": ("1:00-3:00", "2:00-4:00")}, "quiet_hours: '1:00-3:00' and '2:00-4:00'"),
        ({"tariff": {"0:00-9:00": 1, "8:00-10:00": 2}}, "tariff: '0:00-9:00' and '8:00-10:00'"),
        ({"tariff": {"now": 1.0}}, "tariff: expected hours"),
        ({"max_watts": 10.0}, "watts_band: expected less than the cap of 10"),
        ({"max_temperature": 4.0}, "temperature_band: expected less than the cap of 4"),
        ({"quiet_watts": 60.0}, "quiet_watts: there are no quiet_hours"),
        ({"saving_price": 0.4}, "saving_price: there is no tariff"),
    ],
)
def test_what_makes_no_sense_is_refused(settings: dict[str, Any], message: str) -> None:
    """The message names the setting and what is wrong with it."""
    with pytest.raises(SettingsError) as caught:
        quiet(**settings)
    assert str(caught.value).startswith(message)


def test_figures_for_metrics() -> None:
    """The share of the slots and the price of the hour are told."""
    plugin = quiet(quiet_hours=("00:00-24:00",), tariff={"00:00-24:00": 0.3})
    at(plugin, 1)
    figures = {measure.name: dict(measure.values)[()] for measure in plugin.measures()}
    assert figures == {
        "localai_restraint_slots_ratio": 0.5,
        "localai_restraint_saving": 1.0,
        "localai_tariff_price_per_kwh": 0.3,
    }
    assert len(list(quiet().measures())) == 2


def test_asking_costs_nothing() -> None:
    """What holds is found once a second; asking takes less than a microsecond."""
    plugin = quiet(quiet_hours=("00:00-24:00",), max_watts=100)
    within(0.001, lambda: [(plugin.restraint(), plugin.price()) for _ in range(1000)])
    within(0.0003, lambda: measured(plugin, 1, watts=90.0, temperature=60.0))


class Found:
    """Stands for a gateway with that plugin."""

    def __init__(self, hardware: Hardware | None) -> None:
        self.hardware = hardware

    def find(self, kind: type[Hardware]) -> Hardware | None:
        """Return the plugin."""
        assert kind is Hardware
        return self.hardware


async def test_it_looks_each_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the start on the sensors are followed, and the task ends with the plugin."""
    monkeypatch.setattr(module, "EVERY", 0.01)
    root = write(tmp_path, HALO_LARGE, {f"{HWMON}/power1_average": "120000000"})
    hardware = Hardware(Hardware.Config(root=root))
    plugin = quiet(max_watts=85)
    readings: list[Reading | None] = []
    looked = asyncio.Event()

    def noted(now: float, clock: float, reading: Reading | None) -> None:
        readings.append(reading)
        looked.set()

    monkeypatch.setattr(plugin, "update", noted)
    async with plugin.lifespan(cast(Gateway, Found(hardware))):
        assert readings == [None]
        hardware.look()
        looked.clear()
        async with asyncio.timeout(5):
            await looked.wait()
        assert readings[-1] is hardware.reading() is not None
    assert not any(task.get_name() == "quiet" for task in asyncio.all_tasks())


async def test_a_look_that_crashes_is_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """What held goes on, the crash is logged, and the next look is made."""
    monkeypatch.setattr(module, "EVERY", 0.01)
    plugin = quiet(quiet_hours=("00:00-24:00",))
    looks, again = 0, asyncio.Event()
    async with plugin.lifespan(cast(Gateway, Found(None))):

        def crashes(now: float, clock: float, reading: Reading | None) -> None:
            nonlocal looks
            looks += 1
            if looks > 1:
                again.set()
            raise RuntimeError("boom")

        monkeypatch.setattr(plugin, "update", crashes)
        with capture_logs() as logs:
            async with asyncio.timeout(5):
                await again.wait()
        assert plugin.restraint().saving
    assert logs[0]["log_level"] == "error"


async def test_without_settings_it_never_looks() -> None:
    """Nothing is set, so there is no task."""
    async with quiet().lifespan(cast(Gateway, Found(None))):
        assert not any(task.get_name() == "quiet" for task in asyncio.all_tasks())


async def test_it_works_in_a_router(tmp_path: Path) -> None:
    """Quiet hours hold from the router's start on."""
    file = (
        '[plugins.quiet]\nuse = "plugins.routing.quiet.plugin:Quiet"\n'
        'quiet_hours = ["00:00-24:00"]\n'
    )
    async with serving(tmp_path, "quiet", file) as (router, _):
        plugin = router.gateway.find(Quiet)
        assert plugin is not None
        assert plugin.restraint().saving


async def test_a_cap_needs_the_sensors(tmp_path: Path) -> None:
    """A file with a cap and without the hardware is refused, and says what is off."""
    file = "[plugins.routing.quiet]\nmax_watts = 85\n"
    with pytest.raises(SettingsError, match=r"'routing\.quiet' needs 'routing\.hardware'"):
        async with serving(tmp_path, "routing.quiet", file):
            pass
    async with serving(tmp_path, "routing.hardware routing.quiet", file) as (router, _):
        assert router.gateway.find(Quiet) is not None
