"""Pairs of texts, each with whether both mean the same, from a file of JSON lines or CSV."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from localai import SettingsError

MOST = 10_000
"""Pairs in a file."""
COLUMNS = ("a", "b", "same")
EXAMPLE = '{"a": "How are you?", "b": "How do you do?", "same": true}'

_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class Pair(Struct, frozen=True, forbid_unknown_fields=True):
    """Two texts."""

    a: str
    b: str
    same: bool
    """Whether the answer to one answers the other."""


_decode = msgspec.json.Decoder(Pair).decode


def read_pairs(path: Path) -> list[Pair]:
    """Return the pairs of a file; raise `SettingsError` that names the line with a mistake."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except OSError as error:
        raise SettingsError(f"{path}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not UTF-8 (byte {error.start})") from None
    pairs: list[Pair] = []
    read = _json_lines if text.lstrip().startswith("{") else _csv
    for line, pair in read(path, text):
        if not (pair.a.strip() and pair.b.strip()):
            raise _mistake(path, line, "both texts must say something")
        if len(pairs) == MOST:
            raise _mistake(path, line, f"{MOST} pairs are the most that are read: take a part")
        pairs.append(pair)
    kinds = {pair.same for pair in pairs}
    if len(kinds) < 2:
        raise SettingsError(
            f"{path}: needs pairs that mean the same and pairs that do not, such as {EXAMPLE}"
        )
    return pairs


def _json_lines(path: Path, text: str) -> Iterator[tuple[int, Pair]]:
    for line, entry in enumerate(text.split("\n"), start=1):
        if entry.strip():
            try:
                yield line, _decode(entry)
            except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
                raise _mistake(path, line, f"{error}; write {EXAMPLE}") from None


def _csv(path: Path, text: str) -> Iterator[tuple[int, Pair]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        head = [name.strip().lower() for name in next(reader, [])]
        if sorted(head) != sorted(COLUMNS):
            raise _mistake(path, 1, f"expected the head a,b,same or lines such as {EXAMPLE}")
        for row in reader:
            if not row:
                continue
            line = reader.line_num
            if len(row) != len(head):
                raise _mistake(path, line, f"{len(row)} values instead of 3: quote commas")
            cells = dict(zip(head, row, strict=True))
            same = _WORDS.get(cells["same"].strip().lower())
            if same is None:
                raise _mistake(path, line, "'same' must be true or false")
            yield line, Pair(cells["a"], cells["b"], same)
    except csv.Error as error:
        raise _mistake(path, reader.line_num, str(error)) from None


def _mistake(path: Path, line: int, text: str) -> SettingsError:
    return SettingsError(f"{path}:{line}: {text}")
