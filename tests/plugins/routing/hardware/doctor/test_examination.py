"""The table of checks."""

import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.routing.hardware.doctor import checks
from plugins.routing.hardware.doctor.display import SECTIONS
from plugins.routing.hardware.doctor.examination import (
    CHECKS,
    ENVIRONMENT_CHECKS,
    examine,
    exit_code,
)
from plugins.routing.hardware.doctor.finding import Finding, Severity
from tests.plugins.routing.hardware.doctor.cases import a_machine, an_ollama
from tests.plugins.routing.hardware.machines import MACHINES, Tree, unit


def worst(findings: list[Finding]) -> dict[str, Severity]:
    """Return what is not as it should be."""
    return {each.id: each.severity for each in findings if each.severity > Severity.INFO}


def test_each_check_is_in_the_table() -> None:
    """No public function of the checks is forgotten, and none stands there twice."""
    found = set()
    for module in pkgutil.iter_modules(checks.__path__):
        loaded = importlib.import_module(f"{checks.__name__}.{module.name}")
        for name, value in vars(loaded).items():
            is_own = inspect.isfunction(value) and value.__module__ == loaded.__name__
            if is_own and not name.startswith("_"):
                found.add(value)
    table = [*CHECKS, *ENVIRONMENT_CHECKS]
    assert set(table) == found
    assert len(table) == len(found)


@pytest.mark.parametrize(
    ("name", "wrong", "code"),
    [
        (
            "halo_half",
            {"kernel.version": Severity.WARNING, "memory.gtt": Severity.WARNING},
            1,
        ),
        ("halo_large", {}, 0),
        ("halo_tablet", {}, 0),
        ("strix_point", {"environment.integrated": Severity.ERROR}, 2),
        ("discrete", {}, 0),
        ("no_gpu", {}, 0),
    ],
)
def test_recorded_machines(
    tmp_path: Path, name: str, wrong: dict[str, Severity], code: int
) -> None:
    """Each recorded machine is told what is wrong with it, and nothing else."""
    service = unit(OLLAMA_CONTEXT_LENGTH="16384")
    point_fix: Tree = {}
    if name == "strix_point":  # half of its 30 GiB is what the kernel gives
        point_fix = {"sys/class/drm/card1/device/mem_info_gtt_total": str(20 * 2**30)}
    machine = a_machine(tmp_path, MACHINES[name], service, point_fix, ollamas=[an_ollama()])
    findings = examine(machine)
    assert worst(findings) == wrong
    assert exit_code(findings) == code


def test_ollamas_elsewhere_have_no_environment_here(tmp_path: Path) -> None:
    """Where all of them are on other machines, nothing is said of this one's variables."""
    elsewhere = an_ollama().replace(is_local=False)
    findings = examine(a_machine(tmp_path / "a", MACHINES["no_gpu"], ollamas=[elsewhere]))
    assert not any(each.section == "environment" for each in findings)
    findings = examine(a_machine(tmp_path / "b", MACHINES["no_gpu"], ollamas=[an_ollama()]))
    assert any(each.section == "environment" for each in findings)


@pytest.mark.parametrize("name", MACHINES)
def test_every_finding_can_be_shown(tmp_path: Path, name: str) -> None:
    """Its section is known, its title is one line, and what is wrong says why."""
    for finding in examine(a_machine(tmp_path, MACHINES[name])):
        assert finding.section in SECTIONS
        assert finding.title.isprintable()
        assert finding.reason.isprintable()
        assert finding.reason or finding.severity is Severity.OK


@pytest.mark.parametrize(
    ("severities", "code"),
    [
        ([], 0),
        ([Severity.OK, Severity.INFO], 0),
        ([Severity.WARNING, Severity.OK], 1),
        ([Severity.WARNING, Severity.ERROR, Severity.INFO], 2),
    ],
)
def test_the_exit_code_is_that_of_the_worst(severities: list[Severity], code: int) -> None:
    """0 where nothing is wrong, 1 for warnings, 2 for errors."""
    findings = [Finding(id="gpu.card", severity=each, title="x") for each in severities]
    assert exit_code(findings) == code


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for many machines."""
    return tmp_path_factory.mktemp("mangled")


@settings(max_examples=40, deadline=None)
@given(data=st.data(), name=st.sampled_from(sorted(MACHINES)))
def test_a_mangled_machine_is_examined(folder: Path, data: st.DataObject, name: str) -> None:
    """Whatever is missing or garbled, no check raises, and every finding can be shown."""
    tree: dict[str, str | bytes] = {**MACHINES[name], **unit(OLLAMA_HOST="x")}
    for path in data.draw(st.sets(st.sampled_from(sorted(tree)))):
        content = data.draw(st.none() | st.binary(max_size=40) | st.text(max_size=20))
        if content is None:
            del tree[path]
        else:
            tree[path] = content.encode() if isinstance(content, str) else content
    machine = a_machine(folder / str(len(list(folder.iterdir()))), tree)
    for finding in examine(machine):
        assert finding.section in SECTIONS
        assert finding.title.isprintable()
