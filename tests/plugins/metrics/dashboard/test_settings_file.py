"""Replacing a file."""

import os
from pathlib import Path

import pytest

from plugins.metrics.dashboard.settings_file import Changed, read, replace


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with a text."""
    path = tmp_path / "localai.toml"
    path.write_bytes(b"a = 1\r\n")
    path.chmod(0o640)
    return path


def test_a_file_is_replaced(file: Path) -> None:
    """The new text is there to the byte, the mode is the old one, and nothing lies about."""
    inode = file.stat().st_ino
    replace(file, read(file), "b = 2\r\nc = 'ü'")
    assert file.read_bytes() == "b = 2\r\nc = 'ü'".encode()
    assert file.stat().st_mode & 0o777 == 0o640
    assert file.stat().st_ino != inode
    assert os.listdir(file.parent) == ["localai.toml"]


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    """What a link leads to is replaced, in its own folder."""
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "localai.toml"
    link.symlink_to(file)
    replace(link, read(link), "b = 2")
    assert link.is_symlink()
    assert file.read_text() == "b = 2"
    assert os.listdir(link.parent) == ["localai.toml"]


def test_what_was_changed_meanwhile_stays(file: Path) -> None:
    """A file that is another one by now is left alone."""
    before = read(file)
    file.write_text("c = 3")
    with pytest.raises(Changed):
        replace(file, before, "b = 2")
    assert file.read_text() == "c = 3"
    assert os.listdir(file.parent) == ["localai.toml"]


def test_a_read_only_file_is_left_alone(file: Path) -> None:
    """Who has taken the right to write from a file meant it, even for root."""
    file.chmod(0o440)
    with pytest.raises(PermissionError):
        replace(file, read(file), "b = 2")
    assert file.read_bytes() == b"a = 1\r\n"


def test_a_failure_leaves_the_old_text(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full, the old file is there, whole."""

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace(file, read(file), "b = 2")
    assert file.read_bytes() == b"a = 1\r\n"
    assert os.listdir(file.parent) == ["localai.toml"]
