"""The GPU's firmware."""

from collections.abc import Iterator

from plugins.routing.hardware.doctor.finding import Finding, Severity
from plugins.routing.hardware.doctor.machine import Machine
from plugins.routing.hardware.doctor.remedies import REBOOT, upgrade

BROKEN = "20251125"
"""A release of linux-firmware to avoid (kyuz0/amd-strix-halo-toolboxes)."""


def release(machine: Machine) -> Iterator[Finding]:
    """Is it the release that breaks ROCm?"""
    if not machine.is_strix_halo or not machine.firmware:
        return
    broken = [package for package in machine.firmware if package.date == BROKEN]
    if not broken:
        names = ", ".join(f"{package.name} {package.version}" for package in machine.firmware)
        yield Finding(id="firmware.release", severity=Severity.OK, title=names)
        return
    mend = upgrade(machine, *(package.name for package in broken))
    yield Finding(
        id="firmware.release",
        severity=Severity.WARNING,
        title=f"{broken[0].name} {broken[0].version} is a bad release for Strix Halo",
        reason="ROCm is known to fail with it: take a newer one, or go back to an older one",
        remedy=f"{mend}\n{REBOOT}" if mend else "",
    )
