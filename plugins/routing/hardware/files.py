"""The small files in which Linux tells about the machine, below any root."""

import os
import re
import stat
from pathlib import Path

MOST_BYTES = 1 << 20
"""Of one file that are read; what stands behind them is cut off."""
MOST_NAMES = 4096
"""Of one directory that are listed."""

_NUMBER = re.compile(r"-?[0-9]{1,20}|0[xX][0-9a-fA-F]{1,16}")


class Files:
    """Reads below a root; what is not there, or not what it should be, is `None` or empty.

    Reading may block: the driver asks the card for some of its figures.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self.root = root
        self._prefix = f"{root}/"

    def read(self, path: str) -> bytes | None:
        """Return what is in a file; `path` is relative to the root."""
        try:
            # A pipe or a device in its place must not stop the reader.
            file = os.open(f"{self._prefix}{path}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, ValueError):
            return None
        try:
            return _content(file) if stat.S_ISREG(os.fstat(file).st_mode) else None
        except OSError:
            return None
        finally:
            os.close(file)

    def text(self, path: str) -> str | None:
        """Return a file's text without the white space around it."""
        content = self.read(path)
        return None if content is None else content.decode(errors="replace").strip()

    def number(self, path: str) -> int | None:
        """Return the whole number, decimal or `0x…`, that a file consists of."""
        return number(self.text(path))

    def names(self, path: str) -> list[str]:
        """Return what is in a directory, sorted."""
        try:
            with os.scandir(self.root / path) as found:
                names = [entry.name for entry, _ in zip(found, range(MOST_NAMES), strict=False)]
        except (OSError, ValueError):
            return []
        return sorted(names)


def _content(file: int) -> bytes:
    """Read to the end; /proc gives its longer files in pieces."""
    content = os.read(file, MOST_BYTES)
    while 0 < len(content) < MOST_BYTES and (piece := os.read(file, MOST_BYTES - len(content))):
        content += piece
    return content


def number(text: str | None) -> int | None:
    """Return the whole number, decimal or `0x…`, that a text consists of."""
    if text is None or not _NUMBER.fullmatch(text):
        return None
    return int(text, 16 if text[:2] in ("0x", "0X") else 10)
