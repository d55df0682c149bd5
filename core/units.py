"""Durations, sizes and secrets as people write them in `localai.toml`."""

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
BYTES = {
    "B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40,
}  # fmt: skip

_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhd]))+")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhd])")
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([KMGT]i?B|kB|B)")


class Duration(float):
    """Seconds; written as a number of seconds or as text such as `250ms`, `90s`, `1h30m`."""

    @classmethod
    def parse(cls, value: Any) -> "Duration":
        """Read a duration; raise `ValueError` that says how to write one."""
        if isinstance(value, str) and _DURATION.fullmatch(value):
            parts = _DURATION_PART.findall(value)
            value = sum(float(number) * SECONDS[unit] for number, unit in parts)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12:
            return cls(value)
        raise ValueError('Expected a duration such as "250ms", "90s" or "1h30m"')


class Size(int):
    """Bytes; written as a number of bytes or as text such as `256MB` or `1GiB`."""

    @classmethod
    def parse(cls, value: Any) -> "Size":
        """Read a size; raise `ValueError` that says how to write one."""
        if isinstance(value, str) and (match := _SIZE.fullmatch(value)):
            value = Decimal(match[1]) * BYTES[match[2]]
        elif isinstance(value, bool) or not isinstance(value, int):
            value = -1
        if 0 <= value < 2**63:
            return cls(value)
        raise ValueError('Expected a size such as "10MB" or "1GiB"')


class Secret(str):
    """A text that is never shown; written as `${NAME}` (environment) or `file:PATH`."""

    __slots__ = ()

    @classmethod
    def parse(cls, value: Any, folder: Path = Path()) -> "Secret":
        """Read a secret; raise `ValueError` when it is no text or its file can't be read."""
        if not isinstance(value, str):
            raise ValueError("Expected a text")
        if not value.startswith("file:"):
            return cls(value)
        path = folder / value.removeprefix("file:")
        try:
            return cls(path.read_text(encoding="utf-8").strip())
        except OSError as error:
            raise ValueError(f"Expected a readable file: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ValueError("Expected a file in UTF-8") from None

    def reveal(self) -> str:
        """Return the text itself."""
        return str.__str__(self)

    def __repr__(self) -> str:
        return "'***'"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)


def decoder(folder: Path) -> Callable[[type, Any], Any]:
    """Return a `dec_hook` for `msgspec.convert`; relative paths start at `folder`."""

    def decode(kind: type, value: Any) -> Any:
        if kind is Duration or kind is Size:
            return kind.parse(value)
        if kind is Secret:
            return Secret.parse(value, folder)
        if kind is Path:
            if not isinstance(value, str):
                raise ValueError("Expected a path")
            return folder / value
        raise NotImplementedError(f"a setting can't be of type {kind.__name__}")

    return decode
