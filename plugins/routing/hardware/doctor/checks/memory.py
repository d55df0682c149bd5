"""How much of an APU's memory models may take."""

from collections.abc import Iterator

from plugins.routing.hardware.card import GIB
from plugins.routing.hardware.doctor.finding import Finding, Severity
from plugins.routing.hardware.doctor.machine import Machine
from plugins.routing.hardware.doctor.remedies import (
    REBOOT,
    kernel_argument,
    without_kernel_argument,
)

PAGE = 4096
PAGES_PER_GIB = GIB // PAGE
OLD = "amdgpu.gttsize"
LEAST_LEFT, SHARE_LEFT = 8 * GIB, 0.12
"""What the system keeps of its memory: the larger of the two."""
TOO_LITTLE_LEFT = 4 * GIB
ENOUGH = 0.9
"""Of what could be mapped; a setting of one's own need not be ours."""
CARVE_OUT = GIB // 2
"""Bytes that AMD recommends for the BIOS to cut out; more makes nothing faster."""
LARGE_CARVE_OUT = 4 * GIB


def gtt(machine: Machine) -> Iterator[Finding]:
    """Can the GPU map most of the memory?"""
    card = machine.apu
    if card is None or not machine.ram:
        return
    wanted = _pages(machine.ram)
    severity, reason = Severity.WARNING, ""
    remedy = kernel_argument(machine, f"ttm.pages_limit={wanted}")
    if card.gtt < ENOUGH * wanted * PAGE:
        reason = (
            "half is the kernel's default; larger models do not fit, or run on the CPU. "
            f"{wanted // PAGES_PER_GIB} GiB leave enough for the system"
        )
        if _asked(machine) >= ENOUGH * wanted:
            reason = "ttm.pages_limit allows more, from the kernel's next start on"
            remedy = REBOOT
            if machine.system.argument(OLD) is not None:
                reason = f"ttm.pages_limit allows more, but {OLD} holds it back"
                remedy = without_kernel_argument(machine, OLD)
    elif machine.ram - card.gtt < TOO_LITTLE_LEFT:
        reason = "a large model leaves the system less than 4 GiB, and it kills processes then"
    else:
        severity, remedy = Severity.OK, ""
    yield Finding(
        id="memory.gtt",
        severity=severity,
        title=f"the GPU may map {card.gtt / GIB:.1f} of {machine.ram / GIB:.1f} GiB of memory",
        reason=reason,
        remedy=remedy,
    )


def gttsize(machine: Machine) -> Iterator[Finding]:
    """Is the limit set by the old argument?"""
    if machine.apu is None or machine.system.argument(OLD) is None or not machine.ram:
        return
    has_new = machine.system.argument("ttm.pages_limit") is not None
    yield Finding(
        id="memory.gttsize",
        severity=Severity.INFO,
        title=f"{OLD} is deprecated",
        reason="the kernel asks for ttm.pages_limit in its place",
        remedy=without_kernel_argument(machine, OLD)
        if has_new
        else kernel_argument(machine, f"ttm.pages_limit={_pages(machine.ram)}"),
    )


def carve_out(machine: Machine) -> Iterator[Finding]:
    """Does the BIOS keep memory away from the system?"""
    card = machine.apu
    if card is None:
        return
    size = f"{card.vram / GIB:.1f} GiB"
    if card.vram <= CARVE_OUT:
        severity, reason = Severity.OK, ""
    else:
        severity = Severity.INFO if card.vram <= LARGE_CARVE_OUT else Severity.WARNING
        reason = (
            "it makes nothing faster, and the system lacks it: set the UMA frame buffer to 512 MB "
            "in the BIOS, and let ttm.pages_limit do the rest"
        )
    yield Finding(
        id="memory.carve_out",
        severity=severity,
        title=f"the BIOS keeps {size} for the GPU alone",
        reason=reason,
    )


def _pages(ram: int) -> int:
    """Return the limit for a system's memory, in pages: whole GiB."""
    left = max(LEAST_LEFT, SHARE_LEFT * ram)
    return max(int((ram - left) // GIB), 1) * PAGES_PER_GIB


def _asked(machine: Machine) -> int:
    """Return the pages that the kernel's settings allow; 0 if they say nothing."""
    text = machine.system.argument("ttm.pages_limit") or ""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else 0
