"""Values out of JSON that somebody else made: of the right kind, or nothing."""

import re
from datetime import datetime
from typing import Any

LARGEST = 2**62
"""Numbers above are nonsense: no file has so many bytes."""

_PARAMETERS = re.compile(r"\s*(\d{1,9}(?:\.\d{0,6})?)\s*([KMBT]?)\s*", re.IGNORECASE)
_SCALE = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}


def natural(value: Any) -> int:
    """Return a number that is not negative, else 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(value) if 0 <= value <= LARGEST else 0  # which NaN is not


def text(value: Any, most: int = 200) -> str:
    """Return a text of at most so many characters, else the empty one."""
    return value if isinstance(value, str) and len(value) <= most else ""


def texts(value: Any) -> list[str]:
    """Return the texts in a list."""
    return [each for each in items(value) if isinstance(each, str)]


def table(value: Any) -> dict[str, Any]:
    """Return an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """Return a list, else an empty one."""
    return value if isinstance(value, list) else []


def parameters(value: Any) -> int:
    """Return the number that a text such as `7.6B` or `137M` stands for, else 0."""
    match = _PARAMETERS.fullmatch(text(value, 30))
    return natural(float(match[1]) * _SCALE[match[2].upper()]) if match else 0


def moment(value: Any) -> float:
    """Return the Unix time of a text as RFC 3339 has it, else 0."""
    try:
        return datetime.fromisoformat(text(value, 40)).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0
