"""A random secret in a file."""

import base64
import os
import secrets
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localai import SettingsError
from plugins.auth import secret_file
from plugins.auth.secret_file import MAX_SIZE, SIZE, load, load_or_create


def holding(folder: Path, text: str | bytes, mode: int = 0o600) -> Path:
    """Return a file with this content and mode."""
    file = folder / "secret"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    file.chmod(mode)
    return file


def test_the_first_start_makes_a_private_file(tmp_path: Path) -> None:
    """A file that is not there is made, for this user only, and read from then on."""
    file = tmp_path / "a" / "b" / "secret"
    secret = load_or_create(file)
    assert len(secret) == SIZE
    assert load_or_create(file) == load(file) == secret
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    for folder in (file.parent, file.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert os.listdir(file.parent) == ["secret"]


def test_the_users_mask_opens_nothing(tmp_path: Path) -> None:
    """The file is private also where new files are not."""
    before = os.umask(0)
    try:
        load_or_create(tmp_path / "data" / "secret")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "data" / "secret").stat().st_mode) == 0o600


def test_all_who_start_at_once_get_the_same_secret(tmp_path: Path) -> None:
    """Of several that make the file at the same time one wins, and nobody reads half a file."""
    for number in range(20):
        file = tmp_path / str(number) / "secret"
        with ThreadPoolExecutor(8) as pool:
            found = set(pool.map(load_or_create, [file] * 8))
        assert len(found) == 1
        assert os.listdir(file.parent) == ["secret"]


@given(st.binary(min_size=SIZE, max_size=MAX_SIZE), st.sampled_from(["", "\n", " \r\n"]))
def test_hex_and_base64_are_read(
    tmp_path_factory: pytest.TempPathFactory, secret: bytes, end: str
) -> None:
    """A file may hold the secret in hex or in either base64, with or without padding."""
    folder = tmp_path_factory.getbasetemp()
    urlsafe = base64.urlsafe_b64encode(secret).decode()
    texts = [secret.hex(), secret.hex().upper()]
    for text in (base64.b64encode(secret).decode(), urlsafe, urlsafe.rstrip("=")):
        # A text that is hex as well is read as that.
        texts += [text] if not secret_file._HEX.fullmatch(text) else []
    for text in texts:
        assert load(holding(folder, text + end)) == secret


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "5a" * (SIZE - 1),
        "5a" * (MAX_SIZE + 1),
        "password",
        "x" * 41,
        f"{'5a' * 16} {'a5' * 16}",
        b"\xff" * 64,
        "0" * 2000,
    ],
)
def test_a_file_without_a_whole_secret_is_refused(tmp_path: Path, text: str | bytes) -> None:
    """An empty, short, long or other file stops the start with its path, and not its content."""
    file = holding(tmp_path, text)
    with pytest.raises(SettingsError) as caught:
        load_or_create(file)
    message = str(caught.value)
    assert message.startswith(f"{file}: holds no secret")
    assert "\n" not in message
    if isinstance(text, str) and text.strip():
        assert text not in message


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o640, 0o660, 0o602, 0o610, 0o601])
def test_a_file_that_others_can_use_is_refused(
    tmp_path: Path, mode: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret that other users can read or write is refused with the command that mends it."""
    file = holding(tmp_path, secrets.token_hex(SIZE), mode)
    if os.getuid() == 0:
        os.chown(file, 12345, -1)
    with pytest.raises(SettingsError) as caught:
        load(file)
    assert str(caught.value).endswith(f"chmod 600 {file}")


@pytest.mark.parametrize(("mode", "is_fine"), [(0o640, True), (0o440, True), (0o644, False)])
def test_a_file_of_roots_may_be_shared_with_a_group(
    tmp_path: Path, mode: int, is_fine: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Secrets that are mounted into a container belong to root, and their group may read them."""
    file = holding(tmp_path, secrets.token_hex(SIZE), mode)
    real = os.fstat

    def of_root(descriptor: int) -> os.stat_result:
        fields = list(real(descriptor))
        fields[4] = 0
        return os.stat_result(fields)

    monkeypatch.setattr(os, "fstat", of_root)
    if is_fine:
        assert len(load(file)) == SIZE
    else:
        with pytest.raises(SettingsError, match="chmod 600"):
            load(file)


def test_a_place_that_takes_no_file_is_said(tmp_path: Path) -> None:
    """Where no file can be made, the message has the path and the command to make it by hand."""
    (tmp_path / "data").write_text("a file")
    for file in (tmp_path / "data" / "secret", tmp_path / "data" / "more" / "secret"):
        with pytest.raises(SettingsError, match=rf"{file}: can't be (read|made)"):
            load_or_create(file)
    with pytest.raises(SettingsError, match="can't be read"):
        load_or_create(tmp_path)


def test_a_failure_while_writing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full leaves no half file behind, and says how to go on."""

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(SettingsError, match=r"No space left on device.*openssl rand"):
        load_or_create(tmp_path / "secret")
    assert os.listdir(tmp_path) == []
