"""How matches of a pattern begin, as an expression of RE2 that is found wherever one may start."""

from plugins.guardrails.stream.charset import CharSet
from plugins.guardrails.stream.heads import first_chars
from plugins.guardrails.stream.pattern import Chars, Choice, Pattern, Repeat, Series

ROOM = 150
"""Most characters of a match that its outline looks at."""
DEPTH = 14
"""Most steps of an outline: characters, runs of them, and what may be left out."""
MOST_STEPS = 120
"""Most steps with those of all alternatives; with more, an outline is cut sooner."""

_OPEN = r"\x{0}"
"""A boundary, and what is not known yet: a match may go on with anything there."""


def outline(pattern: Pattern, not_after: CharSet) -> str:
    """Return the expression; it begins with the character before the match."""
    found = f"[{_class_of(first_chars([pattern]))}]"
    for depth in range(1, DEPTH + 1):
        try:
            longer = _Writer().written([pattern], depth, ROOM)
        except _TooLongError:
            break
        found = longer or found
    before = f"[^{_class_of(not_after)}]" if not_after else "(?s:.)"
    return before + found


class _TooLongError(Exception):
    pass


class _Writer:
    def __init__(self) -> None:
        self._left = MOST_STEPS

    def written(self, parts: list[Pattern], depth: int, room: int) -> str:
        """Return how a series begins; empty where anything may be."""
        if not parts or depth <= 0 or room <= 0:
            return ""
        first, *rest = parts
        if isinstance(first, Chars):
            return self._chars(first) + self._open(self.written(rest, depth - 1, room - 1))
        if isinstance(first, Series):
            return self.written([*first.parts, *rest], depth, room)
        if isinstance(first, Choice):
            return _either([self.written([each, *rest], depth, room) for each in first.parts])
        return self._repeat(first, rest, depth, room)

    def _repeat(self, repeat: Repeat, rest: list[Pattern], depth: int, room: int) -> str:
        part, least, most = repeat.part, repeat.least, repeat.most
        if not part.longest:
            return self.written(rest, depth, room)
        more: list[Pattern] = [Repeat(part, max(least - 1, 0), most - 1)] if most > 1 else []
        if least:
            return self.written([part, *more, *rest], depth, room)
        if isinstance(part, Chars) and more:
            after = self.written(rest, depth - 1, room - most)
            return f"{self._chars(part)}*{self._open(after)}" if after else ""
        return _either(
            [
                self.written([part, *more, *rest], depth - 1, room),
                self.written(rest, depth - 1, room),
            ]
        )

    def _chars(self, chars: Chars) -> str:
        self._left -= 1
        if self._left < 0:
            raise _TooLongError
        return f"[{_class_of(chars.chars)}]"

    def _open(self, rest: str) -> str:
        return f"(?:{_OPEN}|{rest})" if rest else ""


def _either(ways: list[str]) -> str:
    return "" if "" in ways else f"(?:{'|'.join(dict.fromkeys(ways))})"


def _class_of(chars: CharSet) -> str:
    return "".join(
        f"\\x{{{low:x}}}" if low == high else f"\\x{{{low:x}}}-\\x{{{high:x}}}"
        for low, high in chars.ranges
    )
