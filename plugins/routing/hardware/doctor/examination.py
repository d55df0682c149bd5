"""The table of checks, and what it comes to."""

from collections.abc import Sequence

from plugins.routing.hardware.doctor.checks import (
    environment,
    firmware,
    gpu,
    kernel,
    memory,
    ollama,
    ports,
    tuned,
)
from plugins.routing.hardware.doctor.finding import Check, Finding, Severity
from plugins.routing.hardware.doctor.machine import Machine

CHECKS: Sequence[Check] = (
    gpu.card,
    gpu.compute,
    gpu.clock,
    gpu.temperature,
    kernel.version,
    kernel.iommu,
    memory.gtt,
    memory.gttsize,
    memory.carve_out,
    firmware.release,
    tuned.profile,
    ollama.reachable,
    ollama.version,
    ollama.loaded,
    ports.ollama,
    ports.origins,
    ports.router,
)
"""In the order of the report."""

ENVIRONMENT_CHECKS: Sequence[Check] = (
    environment.known,
    environment.context,
    environment.flash_attention,
    environment.kv_type,
    environment.parallel,
    environment.keep_alive,
    environment.max_loaded,
    environment.integrated,
    environment.hsa_override,
    environment.meaningless,
)
"""Those of an Ollama on this machine."""

EXIT_CODES = {Severity.OK: 0, Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2}


def examine(machine: Machine) -> list[Finding]:
    """Return what all checks find."""
    checks = [*CHECKS, *(ENVIRONMENT_CHECKS if machine.has_ollama else ())]
    return [finding for check in checks for finding in check(machine)]


def exit_code(findings: Sequence[Finding]) -> int:
    """Return 0 where nothing is wrong, 1 for warnings, 2 for errors."""
    return max((EXIT_CODES[finding.severity] for finding in findings), default=0)
