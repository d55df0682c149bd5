"""Tests for benchmarks/routing_sim/__main__.py."""

from pathlib import Path

import pytest

from benchmarks.routing_sim.__main__ import main


def test_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command prints the table and writes the plot."""
    file = tmp_path / "plot.svg"
    arguments = ["--hours", "0.1", "--begin", "9", "--plot", str(file)]
    monkeypatch.setattr("sys.argv", ["routing_sim", *arguments])
    assert main() == 0
    assert "| ours |" in capsys.readouterr().out
    assert file.read_text().startswith("<svg")
