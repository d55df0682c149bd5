"""The card: its driver, what it is compiled for, its clock and heat."""

from collections.abc import Iterator

from plugins.routing.hardware.card import GIB, Card
from plugins.routing.hardware.cards import AMD
from plugins.routing.hardware.doctor.finding import Finding, Severity
from plugins.routing.hardware.doctor.machine import Machine
from plugins.routing.hardware.doctor.remedies import ollama_variables

PCI = "sys/bus/pci/devices"
DISPLAY = 0x03
"""The class of PCI devices that show something."""
HOT = 95.0
"""Degrees Celsius; 111 were reported of a Strix Halo that boosts to 180 W."""
STUCK_BUSY, STUCK_CLOCK = 0.9, 1.0e9
"""A busy GPU below 1 GHz is held back: one was reported to stay at 900 MHz."""
HALO_GFX = "gfx1151"


def card(machine: Machine) -> Iterator[Finding]:
    """Is there an AMD card with the driver amdgpu?"""
    if machine.card is not None:
        yield Finding(id="gpu.card", severity=Severity.OK, title=_described(machine.card))
        return
    if not _has_idle_card(machine):
        yield Finding(
            id="gpu.card",
            severity=Severity.INFO,
            title="no AMD GPU is here",
            reason="the checks of GPU, memory and firmware do not apply",
        )
        return
    is_barred = machine.system.argument("nomodeset") is not None
    yield Finding(
        id="gpu.card",
        severity=Severity.ERROR,
        title="an AMD GPU is here, but the driver amdgpu does not have it",
        reason="'nomodeset' in the kernel's arguments keeps the driver off: remove it"
        if is_barred
        else "models run on the CPU; the kernel's log says why",
        remedy="sudo modprobe amdgpu\nsudo dmesg | grep -i amdgpu",
    )


def compute(machine: Machine) -> Iterator[Finding]:
    """Does the driver for computing know the card, and by its right name?"""
    card = machine.card
    if card is None:
        return
    if not card.gfx:
        yield Finding(
            id="gpu.compute",
            severity=Severity.WARNING,
            title="the card is not offered for computing (/sys/class/kfd has no node of it)",
            reason="ROCm does not see it; only Vulkan may",
            remedy="ls -l /dev/kfd\nsudo dmesg | grep -i kfd",
        )
    elif machine.is_strix_halo and card.gfx != HALO_GFX:
        wanted = "11.5.1"
        if machine.service.environment.get("HSA_OVERRIDE_GFX_VERSION") == wanted:
            return
        yield Finding(
            id="gpu.compute",
            severity=Severity.ERROR,
            title=f"the kernel calls this GPU {card.gfx}, but it is {HALO_GFX}",
            reason="ROCm loads code for another chip; kernels 6.19 were seen to do so",
            remedy=ollama_variables(
                machine, "gfx", HSA_OVERRIDE_GFX_VERSION=wanted, HSA_ENABLE_SDMA="0"
            ),
        )
    else:
        yield Finding(
            id="gpu.compute", severity=Severity.OK, title=f"the card computes as {card.gfx}"
        )


def clock(machine: Machine) -> Iterator[Finding]:
    """Is the clock held down?"""
    card, reading = machine.card, machine.reading
    if card is None:
        return
    file = f"{card.directory}/power_dpm_force_performance_level"
    level = machine.files.text(file)
    if level == "low":
        yield Finding(
            id="gpu.clock",
            severity=Severity.WARNING,
            title="the GPU is set to its lowest clock",
            reason="its performance level is 'low', not 'auto'",
            remedy=f"echo auto | sudo tee /{file}",
        )
        return
    if not machine.is_strix_halo or reading is None:
        return
    if reading.clock is None or reading.busy is None:
        return
    if reading.busy >= STUCK_BUSY and reading.clock < STUCK_CLOCK:
        yield Finding(
            id="gpu.clock",
            severity=Severity.WARNING,
            title=f"the GPU is busy at {reading.clock / 1e6:.0f} MHz",
            reason="Strix Halo reaches 2900 MHz; some were seen to stay at 900 until a restart",
            remedy="sudo reboot",
        )


def temperature(machine: Machine) -> Iterator[Finding]:
    """Is it too hot?"""
    reading = machine.reading
    if reading is None or reading.temperature is None or reading.temperature < HOT:
        return
    yield Finding(
        id="gpu.temperature",
        severity=Severity.WARNING,
        title=f"the GPU has {reading.temperature:.0f} °C",
        reason="it slows down by itself soon; max_temperature in [plugins.routing.quiet] holds it "
        "below a cap, and 85 W give as many tokens as 120 W",
    )


def _described(card: Card) -> str:
    kind = "APU" if card.is_integrated else "card"
    units = f", {card.compute_units} compute units" if card.compute_units else ""
    memory = f"{card.memory / GIB:.1f} GiB for models"
    return f"AMD {kind} {AMD:04x}:{card.device:04x} ({card.name}{units}), {memory}"


def _has_idle_card(machine: Machine) -> bool:
    """Say whether the PCI bus has an AMD card, whoever drives it."""
    files = machine.files
    return any(
        files.number(f"{PCI}/{name}/vendor") == AMD
        and (files.number(f"{PCI}/{name}/class") or 0) >> 16 == DISPLAY
        for name in files.names(PCI)
    )
