"""What the machine's sensors say at one moment."""

from localai import Value
from plugins.routing.hardware.card import Card


class Reading(Value, frozen=True, kw_only=True):
    """One look; `None` stands for what can't be read."""

    at: float
    """By `time.monotonic()`, in seconds."""
    card: Card
    busy: float | None = None
    """Share of the time that the GPU computes, between 0 and 1."""
    vram_used: int | None = None
    """Bytes of the card's own memory."""
    gtt_used: int | None = None
    """Bytes of the system's memory that the card has mapped; models of an APU are here."""
    clock: float | None = None
    """Of the GPU's shaders, in Hz."""
    memory_clock: float | None = None
    """In Hz."""
    temperature: float | None = None
    """Of the chip's edge, in degrees Celsius."""
    watts: float | None = None
    """What the chip takes: on an APU with its CPU, else the card alone; no power supply's loss."""
    ram_total: int | None = None
    """Bytes of memory that the system has."""
    ram_available: int | None = None
    """Bytes of it that programs can still have."""
