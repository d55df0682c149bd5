"""The file `gpu_metrics` of APUs since Strix Point: format 3.0, little-endian."""

import struct

from localai import Value

SIZE, FORMAT, CONTENT = 264, 3, 0
"""Its first four bytes; kgd_pp_interface.h, `struct gpu_metrics_v3_0`."""

_HEADER = struct.Struct("<HBB")
# Offsets: 4 temperature_gfx, 42 average_gfx_activity, 112 average_socket_power,
# 174 average_gfxclk_frequency, 186 average_uclk_frequency.
_FIELDS = struct.Struct("<4x H 36x H 68x I 58x H 10x H 76x")
_NOTHING = 0xFFFF
_NO_POWER = 0xFFFFFFFF
MOST_WATTS = 1000.0
"""More than an APU can take: such a figure is none."""


class Metrics(Value, frozen=True, kw_only=True):
    """What of it is used; `None` stands for what the chip does not tell."""

    temperature: float | None = None
    """Of the graphics part, in degrees Celsius."""
    busy: float | None = None
    """Between 0 and 1."""
    watts: float | None = None
    """Of the whole chip, in steps of a milliwatt."""
    clock: float | None = None
    """In Hz."""
    memory_clock: float | None = None
    """In Hz."""


NOTHING = Metrics()


def parse(content: bytes | None) -> Metrics:
    """Read the file's bytes; of other formats, nothing is known."""
    if content is None or len(content) < SIZE:
        return NOTHING
    if _HEADER.unpack_from(content) != (SIZE, FORMAT, CONTENT):
        return NOTHING
    temperature, activity, power, clock, memory_clock = _FIELDS.unpack_from(content)
    return Metrics(
        temperature=None if temperature == _NOTHING else temperature / 100,
        busy=_busy(activity),
        watts=_watts(power),
        clock=_hertz(clock),
        memory_clock=_hertz(memory_clock),
    )


def _busy(activity: int) -> float | None:
    if activity == _NOTHING:
        return None
    # Older firmware counts in hundredths of a percent.
    percent = activity if activity <= 100 else activity / 100
    return min(percent / 100, 1.0)


def _watts(milliwatts: int) -> float | None:
    watts = milliwatts / 1000
    return watts if milliwatts != _NO_POWER and 0 < watts <= MOST_WATTS else None


def _hertz(megahertz: int) -> float | None:
    return None if megahertz == _NOTHING else megahertz * 1e6
