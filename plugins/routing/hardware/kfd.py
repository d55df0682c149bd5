"""What the driver for computing, KFD, tells of its nodes."""

from collections.abc import Iterator

from localai import Value
from plugins.routing.hardware.files import Files, number

NODES = "sys/class/kfd/kfd/topology/nodes"
MOST_NODES = 64
SIMDS_PER_UNIT = 2
"""Of a compute unit since RDNA."""


class Node(Value, frozen=True, kw_only=True):
    """One that computes; CPUs are nodes too, and left out."""

    gfx: str
    compute_units: int
    location: int
    """On the PCI bus: bus * 256 + device * 8 + function."""
    domain: int


def nodes(files: Files) -> Iterator[Node]:
    """Yield the GPUs."""
    for name in files.names(NODES)[:MOST_NODES]:
        fields = _fields(files.text(f"{NODES}/{name}/properties") or "")
        if version := fields.get("gfx_target_version", 0):
            yield Node(
                gfx=gfx_name(version),
                compute_units=fields.get("simd_count", 0) // SIMDS_PER_UNIT,
                location=fields.get("location_id", 0),
                domain=fields.get("domain", 0),
            )


def gfx_name(version: int) -> str:
    """Return the name of a `gfx_target_version`: 110501 is gfx1151."""
    major, minor, step = version // 10_000, version // 100 % 100, version % 100
    return f"gfx{major}{minor:x}{step:x}"


def _fields(text: str) -> dict[str, int]:
    fields = {}
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if (known := number(value.strip())) is not None and known >= 0:
            fields[key] = known
    return fields
