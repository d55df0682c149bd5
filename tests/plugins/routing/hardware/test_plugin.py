"""The plugin that reads the sensors."""

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from localai import Duration, Gateway, SettingsError
from plugins.routing.hardware import plugin as module
from plugins.routing.hardware.plugin import Hardware
from plugins.routing.hardware.reading import Reading
from tests.pace import within
from tests.plugins.routing.hardware.machines import CARD, HALO_LARGE, HWMON, NO_GPU, Tree, write
from tests.plugins.support import serving

NOBODY = cast(Gateway, None)


def hardware(root: Path, *trees: Tree, **settings: Any) -> Hardware:
    """Return the plugin on a machine."""
    return Hardware(Hardware.Config(root=write(root, *trees), **settings))


async def until(plugin: Hardware, condition: Callable[[], bool]) -> None:
    """Wait for a look after which something holds."""
    loop, looked = asyncio.get_running_loop(), asyncio.Event()
    look = plugin.look

    def noted() -> Reading | None:
        try:
            return look()
        finally:
            loop.call_soon_threadsafe(looked.set)

    plugin.look = noted  # type: ignore[method-assign]
    async with asyncio.timeout(10):
        while not condition():
            looked.clear()
            await looked.wait()
    plugin.look = look  # type: ignore[method-assign]


async def test_the_reading_is_there_from_the_start(tmp_path: Path) -> None:
    """Who asks after the start knows the card; before, and without one, there is nothing."""
    plugin = hardware(tmp_path, HALO_LARGE)
    assert plugin.reading() is None
    async with plugin.lifespan(NOBODY):
        reading = plugin.reading()
    assert reading is not None
    assert (reading.card.gfx, reading.temperature) == ("gfx1151", 38.0)


async def test_the_sensors_are_read_again_and_again(tmp_path: Path) -> None:
    """Each look sees what changed, energy adds up, and the thread ends with the plugin."""
    plugin = hardware(tmp_path, HALO_LARGE, interval=Duration(0.1))
    before = threading.active_count()
    async with plugin.lifespan(NOBODY):
        write(tmp_path, {f"{CARD}/gpu_busy_percent": "98", f"{HWMON}/power1_average": "90000000"})
        await until(
            plugin, lambda: cast(Reading, plugin.reading()).busy == 0.98 and plugin.joules > 1
        )
        assert any(each.name == "hardware" for each in threading.enumerate())
    assert threading.active_count() <= before + 1  # to_thread keeps its own
    assert not any(each.name == "hardware" for each in threading.enumerate())


async def test_energy_between_two_moments(tmp_path: Path) -> None:
    """The energy of a time is told as long as its samples are kept."""
    plugin = hardware(tmp_path, HALO_LARGE, {f"{HWMON}/power1_average": "100000000"})
    first, last = plugin.look(), plugin.look()
    assert first is not None
    assert last is not None
    joules = plugin.energy_between(first.at, last.at)
    assert joules == pytest.approx(100 * (last.at - first.at))
    assert plugin.energy_between(first.at - 1, last.at) is None
    sample = plugin.sample()
    assert sample is not None
    assert (sample.at, sample.watts, sample.joules) == (last.at, 100.0, plugin.joules)
    assert plugin.watts() == 100.0


def test_old_watts_are_not_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the sensor has been silent for longer than a gap may be, nobody knows the watts."""
    plugin = hardware(tmp_path, HALO_LARGE)
    assert plugin.watts() is None
    assert plugin.look() is not None
    assert plugin.watts() is not None
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + module.GAP + 1)
    assert (plugin.watts(), plugin.sample()) == (None, None)


async def test_without_a_card_it_looks_seldom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without a GPU costs a look a minute; a card that comes later is found."""
    assert module.LOOK_AGAIN == 60
    monkeypatch.setattr(module, "LOOK_AGAIN", 0.05)
    plugin = hardware(tmp_path, NO_GPU)
    async with plugin.lifespan(NOBODY):
        assert plugin.reading() is None
        assert list(plugin.measures()) == []
        write(tmp_path, HALO_LARGE)
        await until(plugin, lambda: plugin.reading() is not None)


async def test_what_goes_wrong_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look that crashes neither stops the router nor the looks after it."""
    plugin = hardware(tmp_path, HALO_LARGE, interval=Duration(0.1))
    looks = 0
    look = plugin.look

    def fails_first() -> Reading | None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise RuntimeError("boom")
        return look()

    monkeypatch.setattr(plugin, "look", fails_first)
    monkeypatch.setattr(module, "LOOK_AGAIN", 0.05)
    async with plugin.lifespan(NOBODY):
        await until(plugin, lambda: plugin.reading() is not None)


async def test_a_look_that_hangs_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the driver does not answer, the last reading stays, and the router can stop."""
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    plugin = hardware(tmp_path, HALO_LARGE, interval=Duration(0.1))
    loop = asyncio.get_running_loop()
    hangs, let_go = asyncio.Event(), threading.Event()

    def hang() -> None:
        loop.call_soon_threadsafe(hangs.set)
        let_go.wait(10)

    try:
        async with plugin.lifespan(NOBODY):
            monkeypatch.setattr(plugin, "look", hang)
            await hangs.wait()
            assert plugin.reading() is not None
    finally:
        let_go.set()


async def test_a_driver_that_hangs_at_the_start_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The router starts without a reading."""
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    plugin = hardware(tmp_path, HALO_LARGE)
    let_go = threading.Event()
    monkeypatch.setattr(plugin, "look", lambda: let_go.wait(10))
    try:
        async with plugin.lifespan(NOBODY):
            assert plugin.reading() is None
    finally:
        let_go.set()


@pytest.mark.parametrize(
    ("wanted", "found"), [("card1", True), ("0000:c6:00.0", True), ("card7", False)]
)
def test_a_card_can_be_named(tmp_path: Path, wanted: str, found: bool) -> None:
    """By its directory or its slot; one that is not there is not replaced by another one."""
    assert (hardware(tmp_path, HALO_LARGE, card=wanted).look() is not None) is found


def test_a_rate_that_is_too_high_is_refused() -> None:
    """The card is not asked more than ten times a second."""
    with pytest.raises(SettingsError, match="interval"):
        Hardware(Hardware.Config(interval=Duration(0.01)))


def test_a_reading_costs_nothing(tmp_path: Path) -> None:
    """Asking for the last reading takes less than a microsecond, on the hot path too."""
    plugin = hardware(tmp_path, HALO_LARGE)
    plugin.look()
    within(0.001, lambda: [plugin.reading() for _ in range(1000)])


def test_a_look_is_cheap(tmp_path: Path) -> None:
    """Reading all sensors takes less than a millisecond of CPU, once a second."""
    plugin = hardware(tmp_path, HALO_LARGE)
    plugin.look()
    within(0.001, plugin.look)


async def test_it_works_in_a_router(tmp_path: Path) -> None:
    """The router starts with the plugin on a recorded machine, and serves its figures."""
    write(tmp_path / "machine", HALO_LARGE)
    file = '[plugins.hardware]\nuse = "plugins.routing.hardware.plugin:Hardware"\nroot = "machine"'
    async with serving(tmp_path, "hardware", file) as (router, client):
        answer = await client.get("/admin/hardware")
        assert answer.json()["reading"]["card"]["gfx"] == "gfx1151"
        names = {measure.name for measure in router.gateway.measures()}
        assert {"localai_gpu_busy_ratio", "localai_energy_joules_total"} <= names
