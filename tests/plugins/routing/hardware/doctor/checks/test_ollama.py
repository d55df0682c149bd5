"""The checks of the Ollamas."""

from pathlib import Path

import pytest

from plugins.routing.hardware.doctor.checks import ollama
from plugins.routing.hardware.doctor.finding import Severity
from plugins.routing.hardware.doctor.ollama import Ollama, Running
from tests.plugins.routing.hardware.doctor.cases import a_machine, an_ollama, only
from tests.plugins.routing.hardware.machines import DISCRETE, HALO_LARGE, NO_GPU, unit

AWAY = Ollama(url="http://127.0.0.1:11434")
GIB = 2**30


def test_an_ollama_that_answers_is_well(tmp_path: Path) -> None:
    """Its version and address are told."""
    finding = only(ollama.reachable, a_machine(tmp_path, NO_GPU, ollamas=[an_ollama("0.33.0")]))
    assert finding.severity is Severity.OK
    assert finding.title == "Ollama 0.33.0 answers at http://127.0.0.1:11434"


def test_an_ollama_that_is_away_is_started(tmp_path: Path) -> None:
    """By its service, or by hand; without another one it is an error."""
    finding = only(ollama.reachable, a_machine(tmp_path / "a", NO_GPU, ollamas=[AWAY]))
    assert (finding.severity, finding.remedy) == (Severity.ERROR, "ollama serve")
    machine = a_machine(tmp_path / "b", NO_GPU, unit(), ollamas=[AWAY])
    assert only(ollama.reachable, machine).remedy == "sudo systemctl enable --now ollama"


def test_one_of_several_may_be_away(tmp_path: Path) -> None:
    """While another one answers it is a warning, and on another machine nothing can be started."""
    away = AWAY.replace(url="http://box.lan:11434", is_local=False)
    machine = a_machine(tmp_path, NO_GPU, ollamas=[an_ollama(), away])
    _, finding = ollama.reachable(machine)
    assert (finding.severity, finding.remedy) == (Severity.WARNING, "")


@pytest.mark.parametrize(
    ("version", "severity"),
    [
        ("0.11.4", Severity.ERROR),
        ("0.12.0", Severity.ERROR),
        ("0.12.4", Severity.OK),
        ("0.24.0", Severity.OK),
        ("0.30.0", Severity.ERROR),
        ("0.30.1", Severity.INFO),
        ("0.33.0-rc2", Severity.INFO),
    ],
)
def test_bad_versions_are_known(tmp_path: Path, version: str, severity: Severity) -> None:
    """Those that do not see the APU are errors, those that load slowly are told."""
    machine = a_machine(tmp_path, HALO_LARGE, ollamas=[an_ollama(version)])
    finding = only(ollama.version, machine)
    assert finding.severity is severity
    assert bool(finding.remedy) is (severity is Severity.ERROR)


def test_versions_matter_on_apus_here_only(tmp_path: Path) -> None:
    """Of another machine, another card, or an unknown version nothing is said."""
    elsewhere = an_ollama("0.30.0").replace(is_local=False)
    for number, (tree, found) in enumerate(
        ((HALO_LARGE, elsewhere), (DISCRETE, an_ollama("0.30.0")), (HALO_LARGE, an_ollama("dev")))
    ):
        machine = a_machine(tmp_path / str(number), tree, ollamas=[found])
        assert list(ollama.version(machine)) == []


def test_loaded_models_are_looked_at(tmp_path: Path) -> None:
    """A model on the CPU, and one with a huge context, are warnings; others are well."""
    models = (
        Running(name="good:latest", size=8 * GIB, size_vram=8 * GIB, context=16384),
        Running(name="split:70b", size=40 * GIB, size_vram=30 * GIB, context=8192),
        Running(name="wide", size=60 * GIB, size_vram=60 * GIB, context=262144),
        Running(name="odd; rm -rf", size=2, size_vram=1),
    )
    machine = a_machine(tmp_path, HALO_LARGE, ollamas=[an_ollama("0.33.0", *models)])
    good, split, wide, odd = ollama.loaded(machine)
    assert good.severity is Severity.OK
    assert good.title == "good:latest at http://127.0.0.1:11434: 8.0 GiB, 16384 tokens of context"
    assert (split.severity, split.remedy) == (Severity.WARNING, "ollama stop split:70b")
    assert "25% of 40.0 GiB are on the CPU" in split.title
    assert wide.severity is Severity.WARNING
    assert "262144 tokens" in wide.title
    assert odd.remedy == ""
