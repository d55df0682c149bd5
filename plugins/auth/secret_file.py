"""A random secret in a file of its own: made on the first start, read on all others."""

import base64
import binascii
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from localai import SettingsError

SIZE = 32
"""Bytes of a new secret, and the fewest that a file may hold (RFC 7518 §3.2 for HS256)."""
MAX_SIZE = 64
"""Most bytes: the longest key of BLAKE2b."""
_LONGEST_FILE = 1024

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_BASE64 = re.compile(r"[0-9A-Za-z+/_-]+={0,2}")


def load_or_create(path: Path) -> bytes:
    """Return the secret in a file, as hex or base64; make the file when it is not there.

    Of several processes that start at once, all get the same secret. Blocks on the disk: call it
    in a thread. Raises `SettingsError` for a file that is unreadable, too short, or not private.
    """
    try:
        return load(path)
    except FileNotFoundError:
        _create(path)
        return load(path)


def load(path: Path) -> bytes:
    """Return the secret in a file; raise `FileNotFoundError`, or `SettingsError` as above."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            text = file.read(_LONGEST_FILE + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SettingsError(f"{path}: can't be read: {error.strerror}") from None
    # As PostgreSQL has it: a file of root's may be shared with a group, which is how secrets
    # are mounted into containers.
    allowed = 0o640 if status.st_uid == 0 else 0o600
    if status.st_mode & 0o777 & ~allowed & 0o077:
        raise SettingsError(f"{path}: other users can read this secret: chmod 600 {path}")
    secret = _decode(text)
    if secret is None:
        raise SettingsError(
            f"{path}: holds no secret of {SIZE} to {MAX_SIZE} bytes as hex or base64: restore it "
            "from a backup, or remove it to have a new one made"
        )
    return secret


def _decode(text: bytes) -> bytes | None:
    try:
        line = text.decode("ascii").strip()
    except UnicodeDecodeError:
        return None
    if _HEX.fullmatch(line):
        secret = bytes.fromhex(line)
    elif _BASE64.fullmatch(line):
        try:
            padded = line.rstrip("=") + "=" * (-len(line.rstrip("=")) % 4)
            secret = base64.urlsafe_b64decode(padded.replace("+", "-").replace("/", "_"))
        except binascii.Error:
            return None
    else:
        return None
    return secret if SIZE <= len(secret) <= MAX_SIZE else None


def _create(path: Path) -> None:
    """Make the file whole or not at all; a file that another process has just made stays."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _make_private(path.parent)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(SIZE) + "\n")
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync(path.parent)
    except OSError as error:
        _refuse(path, error)


def _make_private(folder: Path) -> None:
    """Make a folder and those above it that are missing, for this user only."""
    if not folder.is_dir():
        _make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _sync(folder: Path) -> None:
    """Write the folder's entry to the disk: keys made with a secret that is lost are lost too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse(path: Path, error: OSError) -> NoReturn:
    raise SettingsError(
        f"{path}: can't be made: {error.strerror}: make its folder writable, or make the file: "
        f"(umask 077; openssl rand -hex {SIZE} > {path})"
    ) from None
