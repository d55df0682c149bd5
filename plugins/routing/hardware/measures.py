"""The sensors' figures for /metrics."""

from collections.abc import Iterator

from localai import Measure
from plugins.routing.hardware.reading import Reading


def measures(reading: Reading | None, joules: float) -> Iterator[Measure]:
    """Yield the figures that are known; without a card, none."""
    if reading is None:
        return
    card = reading.card
    yield from _gauge(
        "localai_gpu_busy_ratio", "Share of the time that the GPU computes.", reading.busy
    )
    yield from _gauge(
        "localai_power_watts", "What the chip takes, its CPU too on an APU.", reading.watts
    )
    yield from _gauge("localai_temperature_celsius", "Of the chip's edge.", reading.temperature)
    yield from _gauge("localai_gpu_clock_hertz", "Of the GPU's shaders.", reading.clock)
    yield from _gauge(
        "localai_gpu_memory_clock_hertz", "Of the GPU's memory.", reading.memory_clock
    )
    free = reading.ram_available
    used = None if reading.ram_total is None or free is None else reading.ram_total - free
    yield _memory(
        "localai_memory_total_bytes",
        "Memory by kind: vram is the card's own, gtt what it may map of ram.",
        {"vram": card.vram, "gtt": card.gtt, "ram": reading.ram_total},
    )
    yield _memory(
        "localai_memory_used_bytes",
        "Memory in use, by kind.",
        {"vram": reading.vram_used, "gtt": reading.gtt_used, "ram": used},
    )
    if reading.watts is not None or joules:
        yield Measure(
            name="localai_energy_joules_total",
            help="What the chip took since the router's start.",
            kind="counter",
            across="max",
            values=[((), joules)],
        )


def _gauge(name: str, help: str, figure: float | None) -> Iterator[Measure]:
    if figure is not None:
        yield Measure(name=name, help=help, kind="gauge", across="max", values=[((), figure)])


def _memory(name: str, help: str, figures: dict[str, int | None]) -> Measure:
    return Measure(
        name=name,
        help=help,
        kind="gauge",
        labels=("kind",),
        across="max",
        values=[((kind,), figure) for kind, figure in figures.items() if figure is not None],
    )
