"""Machines and Ollamas for the tests of checks."""

from collections.abc import Sequence
from pathlib import Path

from localai import Settings, load_settings
from plugins.routing.hardware.doctor.finding import Check, Finding
from plugins.routing.hardware.doctor.machine import Machine, examined
from plugins.routing.hardware.doctor.ollama import Ollama, Running
from plugins.routing.hardware.files import Files
from tests.plugins.routing.hardware.machines import Tree, write


def an_ollama(version: str = "0.33.0", *loaded: Running, url: str = "") -> Ollama:
    """Return an Ollama of this machine that answers."""
    return Ollama(
        url=url or "http://127.0.0.1:11434", answers=True, version_text=version, loaded=loaded
    )


def settings_of(root: Path, toml: str = "") -> Settings:
    """Return the settings of a file with this text."""
    root.mkdir(parents=True, exist_ok=True)
    file = root / "localai.toml"
    file.write_text(toml)
    return load_settings(file)


def a_machine(root: Path, *trees: Tree, ollamas: Sequence[Ollama] = (), toml: str = "") -> Machine:
    """Return a machine as the doctor sees it."""
    settings = settings_of(root, toml)
    return examined(Files(write(root, *trees)), settings, ollamas)


def only(check: Check, machine: Machine) -> Finding:
    """Return the one finding of a check."""
    (finding,) = check(machine)
    return finding
