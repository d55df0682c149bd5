"""Which cards there are."""

from pathlib import Path

import pytest

from plugins.routing.hardware.card import Card
from plugins.routing.hardware.cards import cards
from plugins.routing.hardware.files import Files
from tests.plugins.routing.hardware.machines import (
    CARD,
    DISCRETE,
    GIB,
    HALO_HALF,
    HALO_LARGE,
    HWMON,
    MACHINES,
    STRIX_POINT,
    Tree,
    apu,
    write,
)


def found(root: Path, *trees: Tree) -> list[Card]:
    """Return the cards of a machine."""
    return cards(Files(write(root, *trees)))


def test_a_strix_halo_is_found(tmp_path: Path) -> None:
    """All that a card is built as is known, and models may take both kinds of its memory."""
    (card,) = found(tmp_path, HALO_LARGE)
    assert card == Card(
        name="card1",
        slot="0000:c6:00.0",
        device=0x1586,
        gfx="gfx1151",
        compute_units=40,
        is_integrated=True,
        vram=2 * GIB,
        gtt=112 * GIB,
        hwmon=HWMON,
    )
    assert card.memory == 114 * GIB


@pytest.mark.parametrize(
    ("name", "gfx", "is_integrated", "memory"),
    [
        ("halo_half", "gfx1151", True, 536870912 + 33253330944),
        ("halo_large", "gfx1151", True, 2147483648 + 120259084288),
        ("halo_tablet", "gfx1151", True, 4294967296 + 103079215104),
        ("strix_point", "gfx1150", True, 536870912 + 16106127360),
        ("discrete", "gfx1100", False, 24 * GIB),
    ],
)
def test_recorded_machines(
    tmp_path: Path, name: str, gfx: str, is_integrated: bool, memory: int
) -> None:
    """Each machine's GPU is told by its name, its kind, and what models may take."""
    (card,) = found(tmp_path, MACHINES[name])
    assert (card.gfx, card.is_integrated, card.memory) == (gfx, is_integrated, memory)


def test_without_a_gpu_there_is_none(tmp_path: Path) -> None:
    """Neither an empty machine nor one without /sys has a card."""
    assert found(tmp_path / "a", MACHINES["no_gpu"]) == []
    assert found(tmp_path / "b", {}) == []


@pytest.mark.parametrize(
    "change",
    [
        {f"{CARD}/vendor": "0x10de"},
        {f"{CARD}/uevent": "DRIVER=vfio-pci"},
        {f"{CARD}/vendor": b"\xff\xfe"},
        {f"{CARD}/uevent": ""},
    ],
)
def test_other_cards_are_left_alone(tmp_path: Path, change: Tree) -> None:
    """Only AMD's, and only with the driver amdgpu."""
    assert found(tmp_path, HALO_LARGE, change) == []


def test_of_several_the_one_with_most_memory_is_first(tmp_path: Path) -> None:
    """A small card beside an APU does not hide it; connectors are no cards."""
    small = {
        path.replace("card1", "card0"): content
        for path, content in DISCRETE.items()
        if path.startswith(CARD)
    } | {"sys/class/drm/card0/device/mem_info_vram_total": str(8 * GIB)}
    connector = {"sys/class/drm/card1-DP-1/status": "connected"}
    names = [card.name for card in found(tmp_path, HALO_LARGE, small, connector)]
    assert names == ["card1", "card0"]


@pytest.mark.parametrize(
    ("vram", "gtt", "is_integrated"),
    [(GIB // 2, 16 * GIB, True), (4 * GIB, 8 * GIB, False), (8 * GIB, 64 * GIB, False)],
)
def test_an_unknown_card_is_told_by_its_memory(
    tmp_path: Path, vram: int, gtt: int, is_integrated: bool
) -> None:
    """Little memory of its own, and four times as much that it maps, make an APU."""
    (card,) = found(tmp_path, apu(device=0x9999, vram=vram, gtt=gtt))
    assert card.is_integrated is is_integrated


def test_a_known_apu_may_have_much_cut_out(tmp_path: Path) -> None:
    """A Strix Halo to which the BIOS gives 96 GiB still is one."""
    (card,) = found(tmp_path, apu(vram=96 * GIB, gtt=16 * GIB))
    assert card.is_integrated


def test_without_the_driver_for_computing_the_name_is_unknown(tmp_path: Path) -> None:
    """A card that KFD does not list, or whose slot is garbled, has no name for compilers."""
    no_kfd = {path: content for path, content in STRIX_POINT.items() if "kfd" not in path}
    (card,) = found(tmp_path / "a", no_kfd)
    assert (card.gfx, card.compute_units) == ("", 0)
    (card,) = found(tmp_path / "b", HALO_HALF, {f"{CARD}/uevent": "DRIVER=amdgpu\nPCI_SLOT_NAME=?"})
    assert (card.gfx, card.slot) == ("", "?")
