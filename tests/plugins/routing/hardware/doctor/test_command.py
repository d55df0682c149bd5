"""`localai doctor`, on recorded machines."""

import asyncio
import json
import sys
from pathlib import Path

import pytest
from click.testing import Result

from tests.core.cli.support import run
from tests.double.server import OllamaDouble
from tests.plugins.routing.hardware.machines import HALO_HALF, HALO_LARGE, Tree, unit, write

AWAY = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in the folder of the settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LOCALAI_CONFIG", raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])


async def doctor(folder: Path, url: str, *options: str, tree: Tree = HALO_LARGE) -> Result:
    """Run the command for a machine in front of an Ollama, in a thread."""
    write(folder / "machine", tree, unit(OLLAMA_CONTEXT_LENGTH="16384"))
    (folder / "localai.toml").write_text(
        f'[ollama]\nhosts = ["{url}"]\n[chain]\nplugins = ["hardware"]\n[plugins.hardware]\n'
        'use = "plugins.routing.hardware.plugin:Hardware"\nroot = "machine"\n'
    )
    return await asyncio.to_thread(run, "doctor", *options)


async def test_a_machine_that_is_well(tmp_path: Path) -> None:
    """Nothing to mend is exit code 0; the version is that of the Ollama that was asked."""
    async with OllamaDouble() as ollama:
        result = await doctor(tmp_path, ollama.url)
    assert result.exit_code == 0, result.stdout
    assert f"ok   Ollama 0.32.15 answers at {ollama.url}" in result.stdout
    assert result.stdout.endswith("\nNothing is wrong.\n")


async def test_warnings_have_an_exit_code(tmp_path: Path) -> None:
    """Warnings are 1, and each stands with the command that mends it."""
    async with OllamaDouble() as ollama:
        result = await doctor(tmp_path, ollama.url, tree=HALO_HALF)
    assert result.exit_code == 1
    assert "warn the GPU may map 31.0 of 61.9 GiB of memory" in result.stdout
    assert 'sudo grubby --update-kernel=ALL --args="ttm.pages_limit=13893632"' in result.stdout


async def test_without_ollama_all_else_is_found(tmp_path: Path) -> None:
    """An Ollama that is away is an error, and takes no other finding with it."""
    result = await doctor(tmp_path, AWAY, tree=HALO_HALF)
    assert result.exit_code == 2
    assert f"FAIL no Ollama answers at {AWAY}" in result.stdout
    assert "warn the GPU may map 31.0 of 61.9 GiB of memory" in result.stdout


async def test_programs_read_json(tmp_path: Path) -> None:
    """With --json each finding is an object; the exit code is the same."""
    result = await doctor(tmp_path, AWAY, "--json")
    assert result.exit_code == 2
    findings = {each["id"]: each for each in json.loads(result.stdout)["findings"]}
    assert findings["ollama.reachable"] == {
        "id": "ollama.reachable",
        "severity": "error",
        "title": f"no Ollama answers at {AWAY}",
        "reason": "there is no other one; what is said of it below is less",
        "remedy": "sudo systemctl enable --now ollama",
    }
    assert findings["memory.gtt"]["severity"] == "ok"


async def test_another_machine_can_be_named(tmp_path: Path) -> None:
    """--root goes before the setting, and must be a folder."""
    write(tmp_path / "other", HALO_HALF)
    async with OllamaDouble() as ollama:
        result = await doctor(tmp_path, ollama.url, "--root", "other")
        missing = await doctor(tmp_path, ollama.url, "--root", "missing")
    assert "of 61.9 GiB of memory" in result.stdout
    assert missing.exit_code == 2
    assert "does not exist" in missing.stderr


async def test_a_mistake_in_the_settings_is_said(tmp_path: Path) -> None:
    """A file that is wrong is one message."""
    (tmp_path / "localai.toml").write_text("[server]\nport = true\n")
    result = await asyncio.to_thread(run, "doctor")
    assert result.exit_code != 0
    assert "port" in result.stderr


async def test_nothing_is_changed(tmp_path: Path) -> None:
    """The doctor only asks: no file is written, and Ollama gets nothing but questions."""
    async with OllamaDouble() as ollama:
        await doctor(tmp_path, ollama.url)
        before = await asyncio.to_thread(files_below, tmp_path)
        await doctor(tmp_path, ollama.url)
        assert {each.path for each in ollama.received} == {"/api/version", "/api/ps"}
    assert await asyncio.to_thread(files_below, tmp_path) == before


def files_below(folder: Path) -> list[Path]:
    """Return all files and folders."""
    return sorted(folder.rglob("*"))
