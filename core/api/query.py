"""Queries, read strictly: what would be ignored, or could be read in two ways, is refused."""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from core.errors import InvalidRequest

_COUNT = re.compile(r"[1-9][0-9]{0,8}")

LONGEST = 256
"""Characters of a value, unless one must be longer."""


def read_query(
    pairs: Iterable[tuple[str, str]], known: Sequence[str], longest: int = LONGEST
) -> dict[str, str]:
    """Return a query's parameters; raise `InvalidRequest` unless each is known, once, and said."""
    said: dict[str, str] = {}
    for name, value in pairs:
        shown = name[:64]
        if name not in known:
            raise InvalidRequest(f"unknown parameter '{shown}'{_hint(name, known)}", param=shown)
        if name in said:
            raise InvalidRequest(f"{name}: given twice: give it once", param=name)
        if not 1 <= len(value) <= longest:
            raise InvalidRequest(f"{name}: expected 1 to {longest} characters", param=name)
        said[name] = value
    return said


def read_count(text: str | None, name: str, usual: int, most: int) -> int:
    """Return a parameter from 1 to `most`; the `usual` number if it is not said.

    Raises `InvalidRequest`.
    """
    if text is None:
        return usual
    if _COUNT.fullmatch(text) and int(text) <= most:
        return int(text)
    raise InvalidRequest(f"{name}: expected 1 to {most}", param=name)


def _hint(name: str, known: Sequence[str]) -> str:
    if near := get_close_matches(name[:64], known, n=1):
        return f"; did you mean '{near[0]}'?"
    return f"; known are: {', '.join(known)}" if known else "; none is known here"
