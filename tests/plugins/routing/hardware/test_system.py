"""The system's memory and kernel."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.hardware.files import Files
from plugins.routing.hardware.system import System, ram, system, version
from tests.plugins.routing.hardware.machines import HALO_LARGE, STRIX_POINT, write


def test_the_kernel_is_read(tmp_path: Path) -> None:
    """Release, arguments and distribution are known."""
    found = system(Files(write(tmp_path, HALO_LARGE)))
    assert found.kernel == "6.18.9-200.fc43.x86_64"
    assert found.version == (6, 18, 9)
    assert found.argument("ttm.pages_limit") == "29360128"
    assert found.argument("quiet") == ""
    assert found.argument("amdgpu.gttsize") is None
    assert found.distribution == ("fedora",)


def test_the_nearest_distribution_is_first(tmp_path: Path) -> None:
    """What it is like comes after what it is."""
    assert system(Files(write(tmp_path, STRIX_POINT))).distribution == ("ubuntu", "debian")


def test_the_last_argument_counts() -> None:
    """Of several values the last one holds; `-` and `_` are the same; quotes are none."""
    found = System(arguments=("amd-iommu=on", "amd_iommu=off", 'x="a"'))
    assert found.argument("amd_iommu") == "off"
    assert found.argument("x") == "a"


def test_memory_is_read(tmp_path: Path) -> None:
    """Both figures are in bytes; what is not there is not known."""
    files = Files(write(tmp_path, HALO_LARGE))
    assert ram(files) == (127098456 * 1024, 127098456 // 2 * 1024)
    assert ram(Files(tmp_path / "nowhere")) == (None, None)
    assert system(Files(tmp_path / "nowhere")) == System()


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("0.33.0-rc2", (0, 33, 0)), ("v1.2.3", (1, 2, 3)), ("6.18", (6, 18, 0)), ("new", None)],
)
def test_versions_are_numbers(text: str, numbers: tuple[int, int, int] | None) -> None:
    """The three numbers are found at the beginning; a text without them has no version."""
    assert version(text) == numbers


@given(st.tuples(*[st.integers(0, 999)] * 3), st.tuples(*[st.integers(0, 999)] * 3))
def test_versions_are_ordered(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    """Versions compare by their numbers, not by their texts."""
    texts = [".".join(map(str, each)) for each in (one, other)]
    first, second = (version(text) for text in texts)
    assert first is not None
    assert second is not None
    assert (first < second) == (one < other)
