"""The check of the GPU's firmware."""

from pathlib import Path

from plugins.routing.hardware.doctor.checks import firmware
from plugins.routing.hardware.doctor.finding import Severity
from tests.plugins.routing.hardware.doctor.cases import a_machine, only
from tests.plugins.routing.hardware.doctor.rpm import database, header
from tests.plugins.routing.hardware.machines import DISCRETE, HALO_LARGE, Tree


def arch(version: str) -> Tree:
    """Return the database of pacman with a release of the firmware."""
    return {
        "etc/os-release": "ID=arch",
        f"var/lib/pacman/local/linux-firmware-amdgpu-{version}-1/desc": "",
    }


def test_the_bad_release_is_told(tmp_path: Path) -> None:
    """20251125 is to be replaced, by the distribution's own tool."""
    database(
        tmp_path / "usr/lib/sysimage/rpm/rpmdb.sqlite",
        {"amd-gpu-firmware": header({1000: "amd-gpu-firmware", 1001: "20251125"})},
    )
    finding = only(firmware.release, a_machine(tmp_path, HALO_LARGE))
    assert finding.severity is Severity.WARNING
    assert finding.title == "amd-gpu-firmware 20251125 is a bad release for Strix Halo"
    assert finding.remedy == "sudo dnf upgrade --refresh amd-gpu-firmware\nsudo reboot"


def test_other_releases_are_well(tmp_path: Path) -> None:
    """Any other release is named and left alone."""
    finding = only(firmware.release, a_machine(tmp_path, HALO_LARGE, arch("20260309")))
    assert (finding.severity, finding.title) == (Severity.OK, "linux-firmware-amdgpu 20260309")


def test_nothing_is_said_of_what_is_not_known(tmp_path: Path) -> None:
    """Without a package database, and for other chips, there is no finding."""
    assert list(firmware.release(a_machine(tmp_path / "a", HALO_LARGE))) == []
    assert list(firmware.release(a_machine(tmp_path / "b", DISCRETE, arch("20251125")))) == []
