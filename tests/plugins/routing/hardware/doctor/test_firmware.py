"""Which firmware is installed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.hardware.doctor import firmware as module
from plugins.routing.hardware.doctor.firmware import Package, firmware
from plugins.routing.hardware.files import Files
from tests.plugins.routing.hardware.doctor.rpm import database, header
from tests.plugins.routing.hardware.machines import write

DPKG = """Package: linux-firmware
Status: install ok installed
Priority: optional
Version: 20251125git3b128b60-0ubuntu2
Description: Firmware
 Version: not this

Package: linux-firmware-extras
Status: install ok installed
Version: 1

Package: firmware-amd-graphics
Status: deinstall ok config-files
Version: 1:20250101-1
"""


def test_debians_packages_are_found(tmp_path: Path) -> None:
    """Those that are installed count, not those that are like them or were removed."""
    files = Files(write(tmp_path, {"var/lib/dpkg/status": DPKG}))
    (package,) = firmware(files)
    assert package == Package(name="linux-firmware", version="20251125git3b128b60-0ubuntu2")
    assert package.date == "20251125"


def test_an_epoch_is_not_part_of_the_version(tmp_path: Path) -> None:
    """What stands before the colon only orders."""
    text = DPKG.replace("deinstall ok config-files", "install ok installed")
    names = {each.name: each.date for each in firmware(Files(write(tmp_path, {module.DPKG: text})))}
    assert names["firmware-amd-graphics"] == "20250101"


@pytest.mark.parametrize("path", module.RPM)
def test_fedoras_packages_are_found(tmp_path: Path, path: str) -> None:
    """rpm's database is read as it is, without rpm; a broken header is left out."""
    database(
        tmp_path / path,
        {
            "bash": header({1000: "bash", 1001: "5.3"}),
            "linux-firmware": header({1000: "linux-firmware", 1001: "20251111", 1002: "1.fc43"}),
            "amd-gpu-firmware": header({1001: "20251125", 1000: "amd-gpu-firmware"}),
            "linux-firmware-amdgpu": b"\0\0\0\x05garbage",
        },
    )
    assert firmware(Files(tmp_path)) == [
        Package(name="amd-gpu-firmware", version="20251125"),
        Package(name="linux-firmware", version="20251111"),
    ]


def test_archs_packages_are_found(tmp_path: Path) -> None:
    """pacman keeps a directory for each package, by name, version and release."""
    write(
        tmp_path,
        {
            f"{module.PACMAN}/linux-firmware-amdgpu-20251125-2/desc": "",
            f"{module.PACMAN}/linux-firmware-1:20251021-1/desc": "",
            f"{module.PACMAN}/linux-6.18-1/desc": "",
        },
    )
    assert [(each.name, each.date) for each in firmware(Files(tmp_path))] == [
        ("linux-firmware", "20251021"),
        ("linux-firmware-amdgpu", "20251125"),
    ]


def test_without_a_database_nothing_is_known(tmp_path: Path) -> None:
    """No database, or one that is none, tells nothing."""
    assert firmware(Files(tmp_path)) == []
    write(tmp_path, {module.RPM[0]: "this is no database", module.DPKG: b"\xff\xfe"})
    assert firmware(Files(tmp_path)) == []
    assert Package(name="x", version="1.2").date == ""


@given(st.binary(max_size=200))
def test_any_header_is_read(blob: bytes) -> None:
    """Whatever a header holds, nothing raises."""
    assert isinstance(module._header(blob), dict)
