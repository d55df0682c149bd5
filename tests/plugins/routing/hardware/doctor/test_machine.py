"""All that the checks look at."""

from pathlib import Path

from tests.plugins.routing.hardware.doctor.cases import a_machine, an_ollama
from tests.plugins.routing.hardware.machines import DISCRETE, HALO_LARGE, NO_GPU, unit


def test_a_machine_is_read_once(tmp_path: Path) -> None:
    """Card, reading, memory, kernel and service of a Strix Halo are there."""
    machine = a_machine(tmp_path, HALO_LARGE, unit(OLLAMA_DEBUG="1"), ollamas=[an_ollama()])
    assert machine.is_strix_halo
    assert machine.apu is machine.card is not None
    assert machine.reading is not None
    assert machine.ram == 127098456 * 1024
    assert machine.service.environment == {"OLLAMA_DEBUG": "1"}
    assert machine.local is machine.ollamas[0]


def test_other_machines(tmp_path: Path) -> None:
    """A card of its own is no APU, and without a GPU there is no reading."""
    discrete = a_machine(tmp_path / "a", DISCRETE)
    assert discrete.card is not None
    assert (discrete.apu, discrete.is_strix_halo) == (None, False)
    bare = a_machine(tmp_path / "b", NO_GPU)
    assert (bare.card, bare.reading, bare.local) == (None, None, None)


def test_an_ollama_elsewhere_is_not_this_machines(tmp_path: Path) -> None:
    """Only one that is here and answers counts for the checks of this machine."""
    elsewhere = an_ollama().replace(is_local=False)
    silent = an_ollama().replace(answers=False)
    assert a_machine(tmp_path, NO_GPU, ollamas=[elsewhere, silent]).local is None
