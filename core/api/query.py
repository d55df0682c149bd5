"""Queries, read strictly: what would be ignored, or could be read in two ways, is refused."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from core.errors import InvalidRequest

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


def _hint(name: str, known: Sequence[str]) -> str:
    if near := get_close_matches(name[:64], known, n=1):
        return f"; did you mean '{near[0]}'?"
    return f"; known are: {', '.join(known)}" if known else "; none is known here"
