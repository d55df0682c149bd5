"""The profile of tuned."""

from collections.abc import Iterator

from plugins.routing.hardware.doctor.finding import Finding, Severity
from plugins.routing.hardware.doctor.machine import Machine
from plugins.routing.hardware.doctor.remedies import DEBIANS, RED_HATS

WANTED = "accelerator-performance"


def profile(machine: Machine) -> Iterator[Finding]:
    """Is the profile for accelerators on?"""
    if machine.apu is None:
        return
    active = machine.files.text("etc/tuned/active_profile")
    if active == WANTED:
        yield Finding(
            id="tuned.profile", severity=Severity.OK, title=f"tuned's profile is {WANTED}"
        )
        return
    distribution = machine.system.distribution
    install = "" if active is not None else _install(distribution)
    is_plain = active and active.replace("-", "").isalnum()
    yield Finding(
        id="tuned.profile",
        severity=Severity.INFO,
        title=f"tuned's profile is {active}" if is_plain else "tuned sets no profile",
        reason=f"{WANTED} gives 3 % of bandwidth, 5 to 8 % of prompt speed and 4 to 5 % of "
        "tokens per second, and takes more power when idle",
        remedy=f"{install}sudo tuned-adm profile {WANTED}",
    )


def _install(distribution: tuple[str, ...]) -> str:
    for names, command in (
        (RED_HATS, "dnf install -y"),
        (DEBIANS, "apt install -y"),
    ):
        if names & set(distribution):
            return f"sudo {command} tuned\nsudo systemctl enable --now tuned\n"
    return ""
