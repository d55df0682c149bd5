"""Turn what is wrong in a TOML file into one message with file, line, table, key and remedy."""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin

import msgspec

from core.errors import SettingsError
from core.units import decoder

T = TypeVar("T")

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_AT = re.compile(r" - at `\$(?P<path>[^`]*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`")
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`")
_ASSIGNMENT = re.compile(r"""(?P<name>(?:[\w\-. \t]|"[^"]*"|'[^']*')+)=""")
_HEADER = re.compile(r"\s*\[\[?\s*(?P<name>[^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")


class Document:
    """A file's text with its name, able to say where something in it stands."""

    def __init__(self, text: str, path: Path | None) -> None:
        self.text = text
        self.path = path
        self.name = str(path) if path else "the default settings"
        self.folder = path.resolve().parent if path else Path.cwd()

    def convert(self, table: Mapping[str, Any], kind: type[T], where: tuple[str, ...]) -> T:
        """Decode a table strictly, with `${NAME}` replaced from the environment."""
        try:
            values = self._substitute(table, where)
            return msgspec.convert(values, kind, strict=True, dec_hook=decoder(self.folder))
        except msgspec.ValidationError as error:
            raise self._explain(str(error), kind, where) from None

    def error(self, where: tuple[str, ...], key: str, message: str) -> SettingsError:
        """Make an error about `key` of the table at `where`."""
        table = f"[{'.'.join(where)}]" if where else ""
        line = self.line(where, key)
        subject = " ".join(part for part in (table, key) if part)
        return SettingsError(f"{self.name}{f':{line}' if line else ''}: {subject}: {message}")

    def line(self, where: tuple[str, ...], key: str = "") -> int | None:
        """Return the line of the key, or else of the nearest table around it, or nothing."""
        wanted = (*where, key) if key else where
        current: tuple[str, ...] = ()
        found, depth = None, 0
        for number, line in enumerate(self.text.split("\n"), start=1):
            if header := _HEADER.match(line):
                path = current = _path_of(header["name"])
            elif assignment := _ASSIGNMENT.match(line):
                path = (*current, *_path_of(assignment["name"]))
            else:
                continue
            if len(path) > depth and path == wanted[: len(path)]:
                found, depth = number, len(path)
        return found

    def _substitute(self, value: Any, where: tuple[str, ...]) -> Any:
        if isinstance(value, dict):
            return {key: self._substitute(item, (*where, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self._substitute(item, where) for item in value]
        if not isinstance(value, str) or "${" not in value:
            return value

        def look_up(match: re.Match[str]) -> str:
            try:
                return os.environ[match[1]]
            except KeyError:
                raise self.error(
                    where[:-1], where[-1], f"the environment has no variable {match[1]}: set it"
                ) from None

        return _REFERENCE.sub(look_up, value)

    def _explain(self, message: str, kind: Any, where: tuple[str, ...]) -> SettingsError:
        at = _AT.search(message)
        path = at["path"].replace("[...]", "") if at else ""  # some key of a table of the user's
        steps = [step for step in path.split(".") if step]
        text = message[: at.start()] if at else message
        names = [re.sub(r"\[.*", "", step) for step in steps]
        if match := _UNKNOWN.match(text):
            table = (*where, *names)
            hinted = hint(match["name"], _fields(kind, names))
            if match["name"] in self._tables_below(table):
                return self.error((*table, match["name"]), "", f"unknown table{hinted}")
            return self.error(table, match["name"], f"unknown setting{hinted}")
        if match := _MISSING.match(text):
            return self.error((*where, *names), match["name"], "this setting is required")
        *parents, key = names or [""]
        if text.startswith("Invalid enum value") and (choice := _fields(kind, parents).get(key)):
            wrong = text.removeprefix("Invalid enum value ")
            text = f"Expected one of {', '.join(map(repr, get_args(_item(choice))))}, not {wrong}"
        expected = text[:1].lower() + text[1:].replace("`", "'")
        return self.error((*where, *parents), key, expected)

    def _tables_below(self, where: tuple[str, ...]) -> set[str]:
        headers = (_HEADER.match(line) for line in self.text.splitlines())
        paths = [_path_of(header["name"]) for header in headers if header]
        depth = len(where)
        return {path[depth] for path in paths if len(path) > depth and path[:depth] == where}


def hint(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'x'?` for the nearest known name, or the list of the known ones."""
    names = sorted(known)
    if near := get_close_matches(name, names, n=1, cutoff=0.6):
        return f"; did you mean '{near[0]}'?"
    return f"; known are: {', '.join(names)}" if names else ""


def _path_of(header: str) -> tuple[str, ...]:
    """Split a table's header into its keys, as TOML reads them."""
    try:
        node = tomllib.loads(f"[{header}]")
    except tomllib.TOMLDecodeError:
        return ()
    path = []
    while node:
        (key, node), *_ = node.items()
        path.append(key)
    return tuple(path)


def _fields(kind: Any, steps: list[str]) -> dict[str, Any]:
    """Return the settings, with their types, that the Struct at the end of `steps` knows."""
    for step in [*steps, None]:
        if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
            return {}
        fields = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
        kind = _item(fields.get(step)) if step else None
    return fields


def _item(kind: Any) -> Any:
    """Return what a list is a list of, and any other type without its bounds."""
    while get_origin(kind) in (Annotated, tuple, list):
        kind = get_args(kind)[0]
    return kind
