"""What the machine does and takes: memory, clocks, watts, temperature. Fails closed."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import click
import structlog
from msgspec import Struct

from localai import Duration, Gateway, Measure, PowerMeter, PowerSample, SettingsError, hookimpl
from plugins.routing.hardware.cards import cards
from plugins.routing.hardware.energy import Energy
from plugins.routing.hardware.files import Files
from plugins.routing.hardware.measures import measures
from plugins.routing.hardware.reading import Reading
from plugins.routing.hardware.sensors import Sensors

log = structlog.get_logger("hardware")

LEAST_INTERVAL = 0.1
LOOK_AGAIN = 60.0
"""Seconds between looks for a card while there is none."""
HISTORY = 3600.0
"""Seconds for which `energy_between` knows the watts."""
GAP = 10.0
"""Seconds between samples above which nothing is known of the time between them; or 3 intervals."""
PATIENCE = 2.0
"""Seconds that the router waits for a look, at its start and at its end: one may hang in the
driver. Its thread is a daemon, which ends with the process."""


class Hardware(PowerMeter):
    """Reads the sensors of the AMD card once a second, beside the event loop."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.routing.hardware]."""

        interval: Duration = Duration(1)
        """Time between two looks at the sensors."""
        card: str = ""
        """The card to watch, such as "card1" or "0000:c6:00.0"; empty: that with most memory."""
        root: Path = Path("/")
        """Where /sys and /proc are; another one than "/" for recorded machines."""

    def __init__(self, config: Config) -> None:
        if config.interval < LEAST_INTERVAL:
            raise SettingsError(f"interval: expected {LEAST_INTERVAL} s or more")
        self._config = config
        self._files = Files(config.root)
        self._sensors: Sensors | None = None
        self._reading: Reading | None = None
        self._energy = Energy(
            samples=max(round(HISTORY / config.interval), 60),
            gap=max(GAP, 3 * config.interval),
        )

    def reading(self) -> Reading | None:
        """Return the last look at the sensors; `None` without a card. It costs nothing."""
        return self._reading

    def sample(self) -> PowerSample | None:
        """Return the last look at the watts; `None` if there was none of late."""
        return self._energy.last(time.monotonic())

    def energy_between(self, begin: float, end: float) -> float | None:
        """Return the joules that the chip took from one `time.monotonic()` to a later one.

        `None` where that is not known: without a sensor, or longer ago than an hour.
        """
        return self._energy.between(begin, end)

    @property
    def joules(self) -> float:
        """All that the chip took since the start, in joules."""
        return self._energy.joules

    def look(self) -> Reading | None:
        """Look at the sensors now, which may block for milliseconds; find the card first."""
        if self._sensors is None:
            wanted = self._config.card
            found = cards(self._files)
            card = next((each for each in found if wanted in ("", each.name, each.slot)), None)
            if card is None:
                return None
            self._sensors = Sensors(self._files, card)
        reading = self._sensors.read()
        if reading.watts is not None:
            self._energy.add(reading.at, reading.watts)
        self._reading = reading
        return reading

    @hookimpl
    def lifespan(self, gateway: Gateway) -> AbstractAsyncContextManager[None]:
        """Look once, so that others know the card from the start; then go on in a thread."""
        return self._watching()

    @hookimpl
    def measures(self) -> Iterable[Measure]:
        """Return the last look's figures, and the energy."""
        return measures(self._reading, self._energy.joules)

    @hookimpl
    def route_handlers(self, gateway: Gateway) -> Sequence[Any]:
        """Serve /admin/hardware."""
        from plugins.routing.hardware.routes import routes

        return routes(self)

    @hookimpl
    def commands(self, cli: click.Group) -> None:
        """Add `localai doctor`."""
        from plugins.routing.hardware.doctor.command import add_to

        add_to(cli, self._config.root)

    @asynccontextmanager
    async def _watching(self) -> AsyncIterator[None]:
        stop, looked = threading.Event(), threading.Event()
        thread = threading.Thread(
            target=self._watch, args=(stop, looked), name="hardware", daemon=True
        )
        thread.start()
        try:
            await asyncio.to_thread(looked.wait, PATIENCE)
            yield
        finally:
            stop.set()
            await asyncio.to_thread(thread.join, PATIENCE)

    def _watch(self, stop: threading.Event, looked: threading.Event) -> None:
        is_stopped = False
        while not is_stopped:
            try:
                self.look()
            except Exception:
                log.exception("the sensors can't be read")  # the next look may go better
            looked.set()
            is_stopped = stop.wait(LOOK_AGAIN if self._sensors is None else self._config.interval)
