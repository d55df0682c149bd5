"""A card's sensors."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.routing.hardware.cards import cards
from plugins.routing.hardware.files import Files
from plugins.routing.hardware.reading import Reading
from plugins.routing.hardware.sensors import Sensors
from tests.plugins.routing.hardware.machines import (
    CARD,
    DISCRETE,
    HALO_LARGE,
    HWMON,
    STRIX_POINT,
    Tree,
    gpu_metrics,
    write,
)


def read(root: Path, *trees: Tree) -> Reading:
    """Return what the sensors of a machine say at the moment 7."""
    files = Files(write(root, *trees))
    return Sensors(files, cards(files)[0], lambda: 7.0).read()


def test_all_figures_are_in_their_units(tmp_path: Path) -> None:
    """Bytes, hertz, degrees and watts of a Strix Halo, with the kernel's fault undone."""
    reading = read(tmp_path, HALO_LARGE)
    assert reading == Reading(
        at=7.0,
        card=reading.card,
        busy=0.03,
        vram_used=466870272,
        gtt_used=31301365760,
        clock=848e6,
        memory_clock=800e6,
        temperature=38.0,
        watts=9.87,
        ram_total=127098456 * 1024,
        ram_available=127098456 // 2 * 1024,
    )


def test_the_chips_own_watts_are_better(tmp_path: Path) -> None:
    """gpu_metrics counts in milliwatts, and goes before the sensor that may be wrong."""
    assert read(tmp_path / "a", STRIX_POINT).watts == 9.871
    without = {f"{CARD}/gpu_metrics": gpu_metrics()}
    assert read(tmp_path / "b", STRIX_POINT, without).watts == pytest.approx(9.87)


def test_gpu_metrics_stand_in_for_what_is_missing(tmp_path: Path) -> None:
    """Where a file is missing, the chip's own table has the figure."""
    gone = {
        path
        for path in STRIX_POINT
        if path.startswith((HWMON, f"{CARD}/pp_dpm", f"{CARD}/gpu_busy"))
    }
    tree = {path: content for path, content in STRIX_POINT.items() if path not in gone}
    reading = read(tmp_path, tree)
    assert (reading.busy, reading.clock, reading.memory_clock) == (0.03, 848e6, 800e6)
    assert (reading.temperature, reading.watts) == (38.5, 9.871)


def test_a_card_of_its_own_is_read_as_it_is(tmp_path: Path) -> None:
    """Its watts are not changed."""
    assert read(tmp_path, DISCRETE).watts == 23.087


def test_a_sleeping_card_is_not_woken(tmp_path: Path) -> None:
    """Of a card that the kernel has put to sleep nothing is read but that."""
    reading = read(tmp_path, DISCRETE, {f"{CARD}/power/runtime_status": "suspended"})
    assert (reading.busy, reading.watts, reading.vram_used) == (0.0, None, None)
    assert reading.ram_total == 65536000 * 1024


def test_figures_that_cannot_be_are_none(tmp_path: Path) -> None:
    """More than all the time, less than no memory and a megawatt are not believed."""
    reading = read(
        tmp_path,
        HALO_LARGE,
        {
            f"{CARD}/gpu_busy_percent": "250",
            f"{CARD}/mem_info_gtt_used": "-4096",
            f"{HWMON}/power1_average": "1000000000000",
            f"{HWMON}/power1_input": "-1",
        },
    )
    assert (reading.busy, reading.gtt_used, reading.watts) == (None, None, None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for many machines."""
    return tmp_path_factory.mktemp("mangled")


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    tree=st.sampled_from([HALO_LARGE, STRIX_POINT, DISCRETE]),
)
def test_a_mangled_machine_is_read(folder: Path, data: st.DataObject, tree: Tree) -> None:
    """Whatever is missing or garbled, nothing raises, and no figure is out of its bounds."""
    number = len(list(folder.iterdir()))
    names = data.draw(st.sets(st.sampled_from(sorted(tree))))
    garbage = st.none() | st.binary(max_size=40) | st.integers().map(lambda n: str(n).encode())
    changed: dict[str, str | bytes] = dict(tree)
    for name in names:
        content = data.draw(garbage)
        if content is None:
            del changed[name]
        else:
            changed[name] = content
    files = Files(write(folder / str(number), changed))
    for card in cards(files):
        reading = Sensors(files, card).read()
        assert reading.busy is None or 0 <= reading.busy <= 1
        assert reading.watts is None or 0 <= reading.watts <= 1000
        assert all(
            figure is None or figure >= 0
            for figure in (reading.vram_used, reading.gtt_used, reading.ram_total)
        )
