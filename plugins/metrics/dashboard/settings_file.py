"""Reading and replacing a settings file, whole or not at all. All of it blocks."""

import os
import stat
import tempfile
from pathlib import Path


class Changed(OSError):
    """The file is not what it was any more."""


def read(path: Path) -> str:
    """Return the text with its line endings; raise `OSError` or `UnicodeDecodeError`."""
    return path.read_bytes().decode("utf-8")


def replace(path: Path, before: str, after: str) -> None:
    """Put `after` in the place of `before`; mode and owner stay, and a link stays a link.

    Whoever reads meanwhile, or after a crash, finds the one or the other. Raises `Changed` when
    the file is another one by now, and `OSError` when it can't be written.
    """
    real = path.resolve(strict=True)
    status = real.stat()
    if not status.st_mode & stat.S_IWUSR or not os.access(real, os.W_OK):
        raise PermissionError("it is read-only")
    # Beside the file, as only within a file system one name can take another's place.
    handle, name = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
    made = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(after.encode())
            own = os.fstat(handle)
            if (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid):
                os.fchown(handle, status.st_uid, status.st_gid)
            os.fchmod(handle, stat.S_IMODE(status.st_mode))
            file.flush()
            os.fsync(handle)
        if read(real) != before:
            raise Changed("it was changed meanwhile")
        made.replace(real)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
    _sync(real.parent)


def _sync(folder: Path) -> None:
    """Have the new name survive a crash of the machine."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
