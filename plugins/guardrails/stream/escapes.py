r"""Escapes of JSON, looked through: `\u0040` is read as the `@` that it will become."""

import re
from typing import NamedTuple

from plugins.guardrails.stream.charset import BOUNDARY

UNKNOWN = "\ufffd"
"""Stands for what no text may hold: U+0000, and half of a surrogate pair."""

_HIGH = r"u[dD][89abAB][0-9a-fA-F]{2}"
_COMPLETE = (
    rf"(?P<pair>\\{_HIGH}\\u[dD][c-fC-F][0-9a-fA-F]{{2}})"
    r'|\\u(?P<unit>[0-9a-fA-F]{4})|\\(?P<sign>["\\/bfnrt])'
)
_BEGUN = (
    rf"(?P<begun>\\(?:u[0-9a-fA-F]{{0,3}}|{_HIGH}"
    r"(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]?)?)?)?)?)?\Z)"
)
_MORE = re.compile(f"{_BEGUN}|{_COMPLETE}")
_LAST = re.compile(_COMPLETE)
_SIGNS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Reading(NamedTuple):
    """A text as it reads, and where in it escapes stand for a character: position and escape."""

    text: str
    escapes: list[tuple[int, str]]


class Unescaper:
    """Reads a text that comes in pieces, and tells how it was written."""

    __slots__ = ("_begun",)

    def __init__(self) -> None:
        self._begun = ""

    @property
    def held(self) -> int:
        """Characters of an escape that has only begun."""
        return len(self._begun)

    def push(self, text: str) -> Reading:
        """Read the next piece; an escape that has only begun waits for the one after."""
        if BOUNDARY in text:
            text = text.replace(BOUNDARY, UNKNOWN)
        if self._begun:
            text = self._begun + text
        elif "\\" not in text:
            return Reading(text, [])
        return self._read(_MORE, text)

    def flush(self) -> Reading:
        """Read the rest, as the text has ended."""
        return self._read(_LAST, self._begun)

    def _read(self, expression: re.Pattern[str], text: str) -> Reading:
        self._begun = ""
        parts: list[str] = []
        escapes: list[tuple[int, str]] = []
        at = length = 0
        for match in expression.finditer(text):
            parts.append(text[at : match.start()])
            length += match.start() - at
            at = match.end()
            if match.lastgroup == "begun":
                self._begun = match[0]
                break
            parts.append(_character(match))
            escapes.append((length, match[0]))
            length += 1
        parts.append(text[at:])
        return Reading("".join(parts), escapes)


def _character(match: re.Match[str]) -> str:
    written = match[0]
    if match.lastgroup == "sign":
        return _SIGNS.get(match["sign"], match["sign"])
    if match.lastgroup == "pair":
        high, low = int(written[2:6], 16), int(written[8:], 16)
        return chr(0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF))
    code = int(match["unit"], 16)
    return UNKNOWN if code == 0 or 0xD800 <= code <= 0xDFFF else chr(code)
