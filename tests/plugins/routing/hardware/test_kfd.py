"""The nodes of KFD."""

from pathlib import Path

import pytest

from plugins.routing.hardware.files import Files
from plugins.routing.hardware.kfd import NODES, Node, gfx_name, nodes
from tests.plugins.routing.hardware.machines import HALO_LARGE, write


@pytest.mark.parametrize(
    ("version", "name"),
    [(110501, "gfx1151"), (110500, "gfx1150"), (90010, "gfx90a"), (100300, "gfx1030")],
)
def test_versions_have_names(version: int, name: str) -> None:
    """Major is decimal, minor and step are hexadecimal."""
    assert gfx_name(version) == name


def test_only_gpus_are_found(tmp_path: Path) -> None:
    """The CPU's node is left out; a compute unit has two SIMDs; the place is that on the bus."""
    found = list(nodes(Files(write(tmp_path, HALO_LARGE))))
    assert found == [Node(gfx="gfx1151", compute_units=40, location=0xC600, domain=0)]


def test_garbled_nodes_are_left_out(tmp_path: Path) -> None:
    """Lines that say nothing are skipped, and a node without a version is no GPU."""
    write(
        tmp_path,
        {
            f"{NODES}/1/properties": "simd_count\ngfx_target_version many\n\n 5",
            f"{NODES}/2/properties": "gfx_target_version 110501\nsimd_count -3\nnoise 1 2",
            f"{NODES}/x/name": "",
        },
    )
    assert [node.compute_units for node in nodes(Files(tmp_path))] == [0]
