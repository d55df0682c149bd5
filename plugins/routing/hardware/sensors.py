"""Reads a card's sensors."""

import time
from collections.abc import Callable

from plugins.routing.hardware import clocks, gpu_metrics
from plugins.routing.hardware.card import Card
from plugins.routing.hardware.files import Files
from plugins.routing.hardware.power import PowerSensor
from plugins.routing.hardware.reading import Reading
from plugins.routing.hardware.system import ram


class Sensors:
    """Those of one card. Each look may block for milliseconds: it asks the card."""

    def __init__(
        self, files: Files, card: Card, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.card = card
        self._files = files
        self._clock = clock
        self._power = PowerSensor(card.is_integrated)

    def read(self) -> Reading:
        """Return what they say now; a card that sleeps is not woken."""
        files, card = self._files, self.card
        at = self._clock()
        total, available = ram(files)
        if files.text(f"{card.directory}/power/runtime_status") == "suspended":
            return Reading(at=at, card=card, busy=0.0, ram_total=total, ram_available=available)
        metrics = gpu_metrics.parse(files.read(f"{card.directory}/gpu_metrics"))
        return Reading(
            at=at,
            card=card,
            busy=_first(self._busy(), metrics.busy),
            vram_used=self._count("mem_info_vram_used"),
            gtt_used=self._count("mem_info_gtt_used"),
            clock=_first(
                self._sensor("freq1_input", 1),
                clocks.in_use(files.text(f"{card.directory}/pp_dpm_sclk")),
                metrics.clock,
            ),
            memory_clock=_first(
                clocks.in_use(files.text(f"{card.directory}/pp_dpm_mclk")), metrics.memory_clock
            ),
            temperature=_first(self._sensor("temp1_input", 1000), metrics.temperature),
            watts=_first(metrics.watts, self._watts()),
            ram_total=total,
            ram_available=available,
        )

    def _busy(self) -> float | None:
        percent = self._count("gpu_busy_percent")
        return None if percent is None or percent > 100 else percent / 100

    def _watts(self) -> float | None:
        for name in ("power1_average", "power1_input"):
            microwatts = (
                self._files.number(f"{self.card.hwmon}/{name}") if self.card.hwmon else None
            )
            if microwatts is not None and 0 <= microwatts <= gpu_metrics.MOST_WATTS * 1e6:
                return self._power.watts(microwatts)
        return None

    def _count(self, name: str) -> int | None:
        value = self._files.number(f"{self.card.directory}/{name}")
        return None if value is None or value < 0 else value

    def _sensor(self, name: str, scale: int) -> float | None:
        if not self.card.hwmon:
            return None
        value = self._files.number(f"{self.card.hwmon}/{name}")
        return None if value is None else value / scale


def _first(*figures: float | None) -> float | None:
    return next((figure for figure in figures if figure is not None), None)
