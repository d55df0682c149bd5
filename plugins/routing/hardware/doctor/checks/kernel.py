"""The kernel's version, and its table of addresses."""

from collections.abc import Iterator

from plugins.routing.hardware.doctor.finding import Finding, Severity
from plugins.routing.hardware.doctor.machine import Machine
from plugins.routing.hardware.doctor.remedies import (
    REBOOT,
    kernel_argument,
    ollama_variables,
    upgrade,
)

LEAST = (6, 18, 4)
"""First kernel to use with Strix Halo (kyuz0/amd-strix-halo-toolboxes)."""
MISNAMING = (6, 19)
"""Kernels that call gfx1151 gfx1100 (hogeheer499-commits/strix-halo-guide)."""


def version(machine: Machine) -> Iterator[Finding]:
    """Is the kernel new enough for the chip?"""
    running = machine.system.version
    if not machine.is_strix_halo or running is None:
        return
    name = ".".join(map(str, running))
    if running < LEAST:
        package = "kernel" if "fedora" in machine.system.distribution else "linux-image-generic"
        mend = upgrade(machine, package)
        yield Finding(
            id="kernel.version",
            severity=Severity.WARNING,
            title=f"kernel {name} is older than 6.18.4",
            reason="older ones are unstable when Strix Halo computes; 6.18.9 is known as good",
            remedy=f"{mend}\n{REBOOT}" if mend else "",
        )
        return
    environment = machine.service.environment
    if running[:2] == MISNAMING and environment.get("HSA_ENABLE_SDMA") != "0":
        yield Finding(
            id="kernel.version",
            severity=Severity.INFO,
            title=f"kernel {name} may need two variables for ROCm",
            reason="6.19 was seen to take the GPU for a gfx1100; a guide for it sets both",
            remedy=ollama_variables(
                machine, "kernel-6-19", HSA_OVERRIDE_GFX_VERSION="11.5.1", HSA_ENABLE_SDMA="0"
            ),
        )
        return
    yield Finding(id="kernel.version", severity=Severity.OK, title=f"kernel {name}")


def iommu(machine: Machine) -> Iterator[Finding]:
    """Does each access to memory go through the IOMMU's tables?"""
    if machine.apu is None:
        return
    if machine.system.argument("amd_iommu") == "off":
        yield Finding(id="kernel.iommu", severity=Severity.OK, title="the IOMMU is off")
        return
    yield Finding(
        id="kernel.iommu",
        severity=Severity.INFO,
        title="the IOMMU is on",
        reason="without it memory is read 6 % faster and prompts 5 to 16 %; but the NPU, sleep "
        "(s0i3) and devices passed to virtual machines need it",
        remedy=kernel_argument(machine, "amd_iommu=off"),
    )
