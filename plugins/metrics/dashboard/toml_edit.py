"""One `enabled` in the text of a settings file; everything else stays as it was, to the byte."""

import tomllib
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

MOST_ADDED = 4
"""Lines: a table's header, the setting, and empty ones around them."""


class CannotEdit(ValueError):
    """The text is written in a way that can't be edited safely."""


def with_enabled(text: str, where: Sequence[str], value: bool) -> str:
    """Return the text with `enabled` set in the table `where`, such as `("plugins", "cache")`.

    Comments, order and line endings are kept. The result is read again and compared: it says
    nothing else than before. Raises `CannotEdit`, and `ValueError` for what is no TOML.
    """
    wanted = tomllib.loads(text)
    _set(wanted, where, value)
    setting = f"enabled = {str(value).lower()}"
    for edited in _attempts(text, where, value, setting):
        if _says(edited, wanted) and _is_small(text, edited):
            return edited
    raise CannotEdit(f"set '{setting}' in [{'.'.join(where)}] by hand")


def _attempts(text: str, where: Sequence[str], value: bool, setting: str) -> Iterator[str]:
    """Yield edited texts, the nicest first; some may be wrong."""
    ending = "\r\n" if "\r\n" in text else "\n"
    made = _replaced(text, where, value)
    if made.count("\n") == text.count("\n"):  # it was there
        yield made
    lines = text.splitlines(keepends=True)
    for at, line in enumerate(lines, start=1):
        if line.lstrip().startswith("[") and _is_header(line, where):
            head = line if line.endswith("\n") else line + ending
            yield "".join([*lines[: at - 1], head, setting, ending, *lines[at:]])
    gap = "" if not text else ending if text.endswith("\n") else ending * 2
    yield f"{text}{gap}[{'.'.join(where)}]{ending}{setting}{ending}"
    yield made.replace("\r\n", "\n").replace("\n", ending)


def _replaced(text: str, where: Sequence[str], value: bool) -> str:
    """Return the text as tomlkit edits it, or as it was where that can't."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document: Any = tomlkit.parse(text)
        table = document
        for depth, name in enumerate(where, start=1):
            if name not in table:
                table[name] = tomlkit.table(is_super_table=depth < len(where))
            table = table[name]
        table["enabled"] = value
        return tomlkit.dumps(document)
    except (TOMLKitError, TypeError, AttributeError, KeyError, ValueError, RecursionError):
        return text


def _is_header(line: str, where: Sequence[str]) -> bool:
    """Say whether a line is the header of a table, however it is written."""
    try:
        found: Any = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return False
    for name in where:
        if not isinstance(found, dict) or list(found) != [name]:
            return False
        found = found[name]
    return bool(found == {})


def _says(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except ValueError:
        return False


def _set(tables: dict[str, Any], where: Sequence[str], value: bool) -> None:
    table: Any = tables
    for name in where:
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            raise CannotEdit(f"[{'.'.join(where)}] is no table: edit the file by hand")
    table["enabled"] = value


def _is_small(before: str, after: str) -> bool:
    """Say whether one line has changed at most, and only a few were added."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    changes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    removed = sum(end - begin for kind, begin, end, *_ in changes if kind != "equal")
    return removed <= 1 and len(new) - len(old) <= MOST_ADDED
