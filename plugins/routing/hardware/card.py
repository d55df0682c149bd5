"""A graphics card as it is built; what changes by the second is in a `Reading`."""

from localai import Value

GIB = 2**30


class Card(Value, frozen=True, kw_only=True):
    """An AMD card with the driver amdgpu."""

    name: str
    """Its directory in /sys/class/drm, such as `card1`."""
    slot: str = ""
    """On the PCI bus, such as `0000:c6:00.0`."""
    device: int = 0
    """Its PCI device id; 0x1586 is the 8060S, 8050S or 8040S of a Strix Halo."""
    gfx: str = ""
    """What it is compiled for, such as `gfx1151`; empty where the driver for computing is off."""
    compute_units: int = 0
    """40 of an 8060S, 32 of an 8050S, 16 of an 8040S; 0 if unknown."""
    is_integrated: bool = False
    """Whether it computes in the system's memory."""
    vram: int = 0
    """Bytes of its own memory: on an APU, what the BIOS has cut out of the system's."""
    gtt: int = 0
    """Bytes of the system's memory that it may map."""
    hwmon: str = ""
    """The directory of its sensors."""

    @property
    def directory(self) -> str:
        """Where its files are."""
        return f"sys/class/drm/{self.name}/device"

    @property
    def memory(self) -> int:
        """Bytes that models may take: as nvtop, LACT and Ollama count since 0.12.4."""
        return self.vram + self.gtt if self.is_integrated else self.vram
