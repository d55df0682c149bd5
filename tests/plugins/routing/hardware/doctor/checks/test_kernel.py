"""The checks of the kernel."""

from pathlib import Path

import pytest

from plugins.routing.hardware.doctor.checks import kernel
from plugins.routing.hardware.doctor.finding import Severity
from tests.plugins.routing.hardware.doctor.cases import a_machine, only
from tests.plugins.routing.hardware.machines import (
    DISCRETE,
    HALO_HALF,
    HALO_LARGE,
    HALO_TABLET,
    NO_GPU,
    STRIX_POINT,
    unit,
)

RELEASE = "proc/sys/kernel/osrelease"


@pytest.mark.parametrize(
    ("release", "severity"),
    [
        ("6.17.8", Severity.WARNING),
        ("6.18.3-1", Severity.WARNING),
        ("6.18.4", Severity.OK),
        ("6.19.4", Severity.INFO),
        ("7.0.1", Severity.OK),
    ],
)
def test_versions_are_judged(tmp_path: Path, release: str, severity: Severity) -> None:
    """Strix Halo wants 6.18.4 or later; 6.19 may need variables."""
    finding = only(kernel.version, a_machine(tmp_path, HALO_HALF, {RELEASE: release}))
    assert finding.severity is severity


def test_an_old_kernel_is_upgraded(tmp_path: Path) -> None:
    """By the distribution's package, and a restart."""
    finding = only(kernel.version, a_machine(tmp_path, HALO_HALF))
    assert finding.remedy == "sudo dnf upgrade --refresh kernel\nsudo reboot"


def test_6_19_with_its_variables_is_well(tmp_path: Path) -> None:
    """Who has set them is told no more."""
    machine = a_machine(tmp_path, HALO_TABLET, unit(HSA_ENABLE_SDMA="0"))
    assert only(kernel.version, machine).severity is Severity.OK


def test_other_machines_take_any_kernel(tmp_path: Path) -> None:
    """Only Strix Halo is particular, and an unknown version says nothing."""
    for number, tree in enumerate((STRIX_POINT, DISCRETE, NO_GPU)):
        assert list(kernel.version(a_machine(tmp_path / str(number), tree))) == []
    assert list(kernel.version(a_machine(tmp_path / "x", HALO_HALF, {RELEASE: "mine"}))) == []


def test_the_iommu_may_be_off(tmp_path: Path) -> None:
    """On an APU it costs speed, and what it is needed for is said."""
    assert only(kernel.iommu, a_machine(tmp_path / "a", HALO_LARGE)).severity is Severity.OK
    finding = only(kernel.iommu, a_machine(tmp_path / "b", HALO_HALF))
    assert finding.severity is Severity.INFO
    assert 'grubby --update-kernel=ALL --args="amd_iommu=off"' in finding.remedy
    assert "NPU" in finding.reason
    assert list(kernel.iommu(a_machine(tmp_path / "c", DISCRETE))) == []
