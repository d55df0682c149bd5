"""The checks of the card."""

from pathlib import Path

import pytest

from plugins.routing.hardware.doctor.checks import gpu
from plugins.routing.hardware.doctor.finding import Severity
from tests.plugins.routing.hardware.doctor.cases import a_machine, only
from tests.plugins.routing.hardware.machines import (
    CARD,
    DISCRETE,
    HALO_LARGE,
    HWMON,
    KFD,
    NO_GPU,
    STRIX_POINT,
    Tree,
    unit,
)

IDLE_CARD: Tree = {
    f"{gpu.PCI}/0000:00:00.0/vendor": "0x1022",
    f"{gpu.PCI}/0000:c6:00.0/vendor": "0x1002",
    f"{gpu.PCI}/0000:c6:00.0/class": "0x038000",
    f"{gpu.PCI}/0000:c6:00.1/vendor": "0x1002",
    f"{gpu.PCI}/0000:c6:00.1/class": "0x040300",
}
MISNAMED: Tree = {f"{KFD}/1/properties": "gfx_target_version 110000\nlocation_id 50688"}


def test_a_card_is_described(tmp_path: Path) -> None:
    """What it is, and how much of its memory models may take."""
    finding = only(gpu.card, a_machine(tmp_path, HALO_LARGE))
    assert finding.severity is Severity.OK
    assert finding.title == ("AMD APU 1002:1586 (card1, 40 compute units), 114.0 GiB for models")
    finding = only(gpu.card, a_machine(tmp_path / "b", DISCRETE))
    assert "AMD card 1002:744c" in finding.title


def test_no_card_is_no_fault(tmp_path: Path) -> None:
    """A machine without an AMD GPU is told so, and none of the other checks speaks."""
    machine = a_machine(tmp_path, NO_GPU)
    assert only(gpu.card, machine).severity is Severity.INFO
    for check in (gpu.compute, gpu.clock, gpu.temperature):
        assert list(check(machine)) == []


def test_a_card_without_its_driver_is_a_fault(tmp_path: Path) -> None:
    """A GPU on the bus that amdgpu does not have is an error; its sound is no GPU."""
    finding = only(gpu.card, a_machine(tmp_path / "a", NO_GPU, IDLE_CARD))
    assert finding.severity is Severity.ERROR
    assert "modprobe amdgpu" in finding.remedy
    barred = a_machine(tmp_path / "b", NO_GPU, IDLE_CARD, {"proc/cmdline": "quiet nomodeset"})
    assert "nomodeset" in only(gpu.card, barred).reason
    only_sound = {path: content for path, content in IDLE_CARD.items() if "c6:00.0" not in path}
    finding = only(gpu.card, a_machine(tmp_path / "c", NO_GPU, only_sound))
    assert finding.severity is Severity.INFO


def test_a_card_computes(tmp_path: Path) -> None:
    """A Strix Halo and a Strix Point are known by their names."""
    for number, tree in enumerate((HALO_LARGE, STRIX_POINT)):
        finding = only(gpu.compute, a_machine(tmp_path / str(number), tree))
        assert finding.severity is Severity.OK


def test_a_card_that_can_not_compute(tmp_path: Path) -> None:
    """Without a node of KFD, ROCm has no card."""
    machine = a_machine(tmp_path, HALO_LARGE, {f"{KFD}/1/properties": ""})
    assert only(gpu.compute, machine).severity is Severity.WARNING


def test_a_wrong_name_is_overridden(tmp_path: Path) -> None:
    """A Strix Halo that the kernel misnames needs the override, unless it has it."""
    finding = only(gpu.compute, a_machine(tmp_path / "a", HALO_LARGE, MISNAMED, unit()))
    assert finding.severity is Severity.ERROR
    assert "HSA_OVERRIDE_GFX_VERSION=11.5.1" in finding.remedy
    service = unit(HSA_OVERRIDE_GFX_VERSION="11.5.1")
    assert list(gpu.compute(a_machine(tmp_path / "b", HALO_LARGE, MISNAMED, service))) == []


def test_a_clock_that_is_held_down(tmp_path: Path) -> None:
    """A performance level of "low" is mended by "auto"."""
    level = {f"{CARD}/power_dpm_force_performance_level": "low"}
    finding = only(gpu.clock, a_machine(tmp_path, HALO_LARGE, level))
    assert finding.severity is Severity.WARNING
    assert finding.remedy == f"echo auto | sudo tee /{CARD}/power_dpm_force_performance_level"


@pytest.mark.parametrize(
    ("busy", "hertz", "stuck"),
    [("99", "900000000", True), ("99", "2900000000", False), ("3", "600000000", False)],
)
def test_a_clock_that_is_stuck(tmp_path: Path, busy: str, hertz: str, stuck: bool) -> None:
    """A busy GPU at 900 MHz is told; one that is idle may be slow."""
    figures = {f"{CARD}/gpu_busy_percent": busy, f"{HWMON}/freq1_input": hertz}
    findings = list(gpu.clock(a_machine(tmp_path, HALO_LARGE, figures)))
    assert bool(findings) is stuck


@pytest.mark.parametrize(("degrees", "hot"), [("94900", False), ("95000", True), ("", False)])
def test_heat_is_told(tmp_path: Path, degrees: str, hot: bool) -> None:
    """From 95 degrees on the router's own cap is named."""
    machine = a_machine(tmp_path, HALO_LARGE, {f"{HWMON}/temp1_input": degrees})
    findings = list(gpu.temperature(machine))
    assert bool(findings) is hot
    assert all("max_temperature" in finding.reason for finding in findings)
