"""The checks of Ollama's variables."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from plugins.routing.hardware.doctor.checks import environment
from plugins.routing.hardware.doctor.finding import Check, Finding, Severity
from plugins.routing.hardware.doctor.machine import Machine
from tests.plugins.routing.hardware.doctor.cases import a_machine, an_ollama, only
from tests.plugins.routing.hardware.machines import (
    DISCRETE,
    HALO_LARGE,
    NO_GPU,
    STRIX_POINT,
    Tree,
    unit,
)

DROP_INS = "/etc/systemd/system/ollama.service.d"


def halo(root: Path, version: str = "0.33.0", **variables: str) -> Machine:
    """Return a Strix Halo whose Ollama has these variables."""
    return a_machine(root, HALO_LARGE, unit(**variables), ollamas=[an_ollama(version)])


def severity(findings: Sequence[Finding]) -> Severity | None:
    """Return the severity of the one finding, if there is one."""
    assert len(findings) <= 1
    return findings[0].severity if findings else None


@pytest.mark.parametrize(
    ("check", "version", "variables", "expected"),
    [
        (environment.context, "0.33.0", {}, Severity.WARNING),
        (environment.context, "0.33.0", {"OLLAMA_CONTEXT_LENGTH": "0"}, Severity.WARNING),
        (environment.context, "0.33.0", {"OLLAMA_CONTEXT_LENGTH": "16384"}, Severity.OK),
        (environment.context, "0.15.4", {}, None),
        (environment.flash_attention, "0.33.0", {}, Severity.OK),
        (environment.flash_attention, "0.24.0", {}, Severity.INFO),
        (environment.flash_attention, "0.24.0", {"OLLAMA_FLASH_ATTENTION": "1"}, Severity.OK),
        (environment.flash_attention, "0.33.0", {"OLLAMA_FLASH_ATTENTION": "0"}, Severity.WARNING),
        (environment.kv_type, "0.33.0", {}, Severity.INFO),
        (environment.kv_type, "0.33.0", {"OLLAMA_KV_CACHE_TYPE": "f16"}, Severity.INFO),
        (environment.kv_type, "0.33.0", {"OLLAMA_KV_CACHE_TYPE": "q8_0"}, Severity.OK),
        (environment.parallel, "0.33.0", {}, Severity.INFO),
        (environment.parallel, "0.33.0", {"OLLAMA_NUM_PARALLEL": "x"}, Severity.INFO),
        (environment.parallel, "0.33.0", {"OLLAMA_NUM_PARALLEL": "4"}, Severity.OK),
        (environment.parallel, "0.33.0", {"OLLAMA_NUM_PARALLEL": "16"}, Severity.WARNING),
        (environment.keep_alive, "0.33.0", {}, Severity.OK),
        (environment.keep_alive, "0.33.0", {"OLLAMA_KEEP_ALIVE": "-1"}, Severity.OK),
        (environment.keep_alive, "0.33.0", {"OLLAMA_KEEP_ALIVE": "0"}, Severity.WARNING),
        (environment.max_loaded, "0.33.0", {}, None),
        (environment.max_loaded, "0.33.0", {"OLLAMA_MAX_LOADED_MODELS": "1"}, Severity.INFO),
        (environment.integrated, "0.33.0", {}, None),
        (environment.integrated, "0.33.0", {"OLLAMA_IGPU_ENABLE": "0"}, Severity.ERROR),
        (environment.integrated, "0.24.0", {"OLLAMA_IGPU_ENABLE": "0"}, None),
        (environment.integrated, "0.33.0", {"OLLAMA_LLM_LIBRARY": "vulkan"}, Severity.ERROR),
        (
            environment.integrated,
            "0.33.0",
            {"OLLAMA_LLM_LIBRARY": "vulkan", "OLLAMA_IGPU_ENABLE": "1"},
            None,
        ),
        (environment.hsa_override, "0.33.0", {}, None),
        (environment.hsa_override, "0.33.0", {"HSA_OVERRIDE_GFX_VERSION": "11.5.1"}, None),
        (
            environment.hsa_override,
            "0.33.0",
            {"HSA_OVERRIDE_GFX_VERSION": "11.0.0"},
            Severity.WARNING,
        ),
        (environment.meaningless, "0.33.0", {"OLLAMA_NUM_BATCH": "512"}, Severity.INFO),
        (environment.meaningless, "0.33.0", {"OLLAMA_NEW_ENGINE": "1"}, Severity.INFO),
        (environment.meaningless, "0.24.0", {"OLLAMA_NEW_ENGINE": "1"}, None),
        (environment.meaningless, "0.33.0", {}, None),
    ],
)
def test_variables_are_judged(
    tmp_path: Path,
    check: Check,
    version: str,
    variables: dict[str, str],
    expected: Severity | None,
) -> None:
    """On a Strix Halo each variable is judged as that version of Ollama takes it."""
    assert severity(list(check(halo(tmp_path, version, **variables)))) is expected


@pytest.mark.parametrize(
    ("check", "variables", "line"),
    [
        (environment.context, {}, "OLLAMA_CONTEXT_LENGTH=32768"),
        (environment.kv_type, {}, "OLLAMA_KV_CACHE_TYPE=q8_0"),
        (environment.parallel, {}, "OLLAMA_NUM_PARALLEL=4"),
        (environment.parallel, {"OLLAMA_NUM_PARALLEL": "32"}, "OLLAMA_NUM_PARALLEL=8"),
        (environment.keep_alive, {"OLLAMA_KEEP_ALIVE": "0"}, "OLLAMA_KEEP_ALIVE=30m"),
        (environment.integrated, {"OLLAMA_IGPU_ENABLE": "0"}, "OLLAMA_IGPU_ENABLE=1"),
    ],
)
def test_the_remedy_is_a_drop_in(
    tmp_path: Path, check: Check, variables: dict[str, str], line: str
) -> None:
    """The text of the drop-in is in the command, with the right value."""
    remedy = only(check, halo(tmp_path, **variables)).remedy
    assert f'Environment="{line}"' in remedy
    assert f"sudo tee {DROP_INS}/zz-localai-" in remedy
    assert remedy.endswith("sudo systemctl restart ollama")


def test_an_unseen_environment_is_told(tmp_path: Path) -> None:
    """Without a service and a process it is said that what follows are defaults."""
    machine = a_machine(tmp_path, HALO_LARGE)
    assert only(environment.known, machine).severity is Severity.INFO


def test_a_change_waits_for_a_restart(tmp_path: Path) -> None:
    """A process that runs with other variables than its service says has to be started again."""
    running: Tree = {
        "proc/9/cmdline": b"ollama\0serve\0",
        "proc/9/environ": b"OLLAMA_NUM_PARALLEL=1\0",
    }
    machine = a_machine(tmp_path, HALO_LARGE, unit(OLLAMA_NUM_PARALLEL="4"), running)
    finding = only(environment.known, machine)
    assert "OLLAMA_NUM_PARALLEL" in finding.title
    assert "systemctl restart ollama" in finding.remedy
    same = a_machine(tmp_path, HALO_LARGE, unit(OLLAMA_NUM_PARALLEL="1"), running)
    assert list(environment.known(same)) == []


def test_a_strix_point_must_be_switched_on(tmp_path: Path) -> None:
    """Ollama leaves out an APU that is not on its list, and the error says how to get it in."""
    machine = a_machine(tmp_path, STRIX_POINT, unit(), ollamas=[an_ollama()])
    finding = only(environment.integrated, machine)
    assert finding.severity is Severity.ERROR
    assert "gfx1150" in finding.title
    assert "OLLAMA_IGPU_ENABLE=1" in finding.remedy


def test_small_machines_have_a_small_context(tmp_path: Path) -> None:
    """The default of 262144 is that of 47 GiB and more."""
    for number, tree in enumerate((STRIX_POINT, DISCRETE, NO_GPU)):
        machine = a_machine(tmp_path / str(number), tree, unit(), ollamas=[an_ollama()])
        assert list(environment.context(machine)) == []
        assert list(environment.max_loaded(machine)) == []


def test_without_an_answer_the_newest_is_taken(tmp_path: Path) -> None:
    """A version that is not known is judged like the last one."""
    machine = a_machine(tmp_path, HALO_LARGE, unit())
    assert only(environment.context, machine).severity is Severity.WARNING
    assert only(environment.flash_attention, machine).severity is Severity.OK
