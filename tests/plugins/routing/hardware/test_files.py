"""Files below a root."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.routing.hardware import files as module
from plugins.routing.hardware.files import Files, number


def test_a_file_is_read_below_the_root(tmp_path: Path) -> None:
    """Text comes without the white space around it, numbers in decimal or as 0x…"""
    (tmp_path / "vendor").write_text("0x1002\n")
    (tmp_path / "busy").write_text(" 3 \n")
    (tmp_path / "cold").write_text("-5000\n")
    files = Files(tmp_path)
    assert files.text("vendor") == "0x1002"
    assert files.read("vendor") == b"0x1002\n"
    assert [files.number(name) for name in ("vendor", "busy", "cold")] == [0x1002, 3, -5000]
    assert files.names("") == ["busy", "cold", "vendor"]


def test_what_is_no_file_is_not_there(tmp_path: Path) -> None:
    """A missing file, a directory, a pipe and a loop of links are nothing, and stop nobody."""
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    files = Files(tmp_path)
    for name in ("missing", "folder", "pipe", "loop", "pipe/x", "nul\0"):
        assert files.read(name) is None
        assert files.text(name) is None
        assert files.number(name) is None
        assert files.names(name) == []


def test_reading_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file and of a directory no more is read than the bound."""
    monkeypatch.setattr(module, "MOST_BYTES", 4)
    monkeypatch.setattr(module, "MOST_NAMES", 2)
    for name in "abc":
        (tmp_path / name).write_text("123456")
    files = Files(tmp_path)
    assert files.read("a") == b"1234"
    assert len(files.names("")) == 2


@given(st.integers(-(10**19), 10**19))
def test_numbers_are_read_as_they_are_written(value: int) -> None:
    """A decimal number is itself."""
    assert number(str(value)) == value


@pytest.mark.parametrize("text", [None, "", "1_0", "٣", "0x", "1.5", "12 W", "0xg", "+3", "9" * 99])
def test_what_is_no_number_is_none(text: str | None) -> None:
    """Spellings that only Python takes are no numbers."""
    assert number(text) is None
