"""A folder for each test of the command line."""

import sys
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, without settings or keys from the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("LOCALAI_CONFIG", "LOCALAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "path", [*sys.path])  # the loader adds the folder of the settings
    for name in [each for each in sys.modules if each.partition(".")[0] == "my_plugins"]:
        monkeypatch.delitem(sys.modules, name)  # of another test's folder
    return tmp_path
