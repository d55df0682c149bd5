"""The checks of an APU's memory."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.hardware.doctor.checks import memory
from plugins.routing.hardware.doctor.finding import Severity
from tests.plugins.routing.hardware.doctor.cases import a_machine, only
from tests.plugins.routing.hardware.machines import (
    CARD,
    DISCRETE,
    GIB,
    HALO_HALF,
    HALO_LARGE,
    HALO_TABLET,
    NO_GPU,
    Tree,
    apu,
)

GTT = f"{CARD}/mem_info_gtt_total"


def arguments(text: str) -> Tree:
    """Return a kernel with these arguments."""
    return {"proc/cmdline": f"quiet {text}"}


@pytest.mark.parametrize(
    ("tree", "severity"),
    [
        (HALO_HALF, Severity.WARNING),
        (HALO_LARGE, Severity.OK),
        (HALO_TABLET, Severity.OK),
    ],
)
def test_half_the_memory_is_too_little(tmp_path: Path, tree: Tree, severity: Severity) -> None:
    """The kernel's default wastes memory, what its owners have set does not."""
    assert only(memory.gtt, a_machine(tmp_path, tree)).severity is severity


def test_the_limit_is_computed_for_this_machine(tmp_path: Path) -> None:
    """Of 61.9 GiB 53 may be mapped: 8 GiB or 12 % stay, and the command has the pages."""
    finding = only(memory.gtt, a_machine(tmp_path, HALO_HALF))
    assert finding.title == "the GPU may map 31.0 of 61.9 GiB of memory"
    assert f'--args="ttm.pages_limit={53 * 262144}"' in finding.remedy


@given(st.integers(10 * GIB, 512 * GIB))
def test_the_system_keeps_enough(ram: int) -> None:
    """Whatever memory there is, 8 GiB and 12 % of it are left, and not 1 GiB more."""
    mapped = memory._pages(ram) * 4096
    left = max(8 * GIB, 0.12 * ram)
    assert left <= ram - mapped <= left + GIB or mapped == GIB


def test_a_limit_may_wait_for_a_restart(tmp_path: Path) -> None:
    """Arguments that allow more than is mapped are not set a second time."""
    machine = a_machine(tmp_path / "a", HALO_LARGE, {GTT: str(60 * GIB)})
    assert only(memory.gtt, machine).remedy == "sudo reboot"
    held = arguments("ttm.pages_limit=29360128 amdgpu.gttsize=61440")
    machine = a_machine(tmp_path / "b", HALO_LARGE, {GTT: str(60 * GIB)}, held)
    finding = only(memory.gtt, machine)
    assert '--remove-args="amdgpu.gttsize"' in finding.remedy
    assert "amdgpu.gttsize holds it back" in finding.reason


@pytest.mark.parametrize("text", ["many", "", "-1", "9" * 30, "²"])
def test_a_garbled_limit_is_none(tmp_path: Path, text: str) -> None:
    """What is no number of pages does not count as a limit."""
    machine = a_machine(tmp_path, HALO_HALF, arguments(f"ttm.pages_limit={text}"))
    assert "grubby" in only(memory.gtt, machine).remedy


def test_too_much_is_too_much(tmp_path: Path) -> None:
    """A GPU that may take all but 2 GiB can starve the system."""
    machine = a_machine(tmp_path, HALO_LARGE, {GTT: str(119 * GIB)})
    finding = only(memory.gtt, machine)
    assert finding.severity is Severity.WARNING
    assert f"ttm.pages_limit={106 * 262144}" in finding.remedy


def test_the_old_argument_is_replaced(tmp_path: Path) -> None:
    """amdgpu.gttsize goes when the new one is there, else the new one comes first."""
    old = a_machine(tmp_path / "a", HALO_HALF, arguments("amdgpu.gttsize=30000"))
    assert f"ttm.pages_limit={53 * 262144}" in only(memory.gttsize, old).remedy
    both = arguments("amdgpu.gttsize=126976 ttm.pages_limit=32505856")
    machine = a_machine(tmp_path / "b", HALO_LARGE, both)
    assert '--remove-args="amdgpu.gttsize"' in only(memory.gttsize, machine).remedy
    assert list(memory.gttsize(a_machine(tmp_path / "c", HALO_LARGE))) == []


@pytest.mark.parametrize(
    ("vram", "severity"),
    [
        (GIB // 2, Severity.OK),
        (2 * GIB, Severity.INFO),
        (4 * GIB, Severity.INFO),
        (96 * GIB, Severity.WARNING),
    ],
)
def test_the_bios_should_keep_little(tmp_path: Path, vram: int, severity: Severity) -> None:
    """512 MB are what AMD recommends; what is cut out beyond is lost for the system."""
    finding = only(memory.carve_out, a_machine(tmp_path, apu(vram=vram, gtt=8 * GIB)))
    assert finding.severity is severity


def test_only_apus_share_memory(tmp_path: Path) -> None:
    """A card of its own, or none, has nothing to set here; nor is an unknown memory judged."""
    for number, tree in enumerate((DISCRETE, NO_GPU)):
        machine = a_machine(tmp_path / str(number), tree)
        for check in (memory.gtt, memory.gttsize, memory.carve_out):
            assert list(check(machine)) == []
    machine = a_machine(tmp_path / "x", HALO_HALF, {"proc/meminfo": ""})
    assert list(memory.gtt(machine)) == []
