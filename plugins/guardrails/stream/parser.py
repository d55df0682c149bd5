"""Read the text of a pattern; what the subset lacks is refused with what to write instead."""

import re

from plugins.guardrails.stream import charset
from plugins.guardrails.stream.charset import CharSet
from plugins.guardrails.stream.pattern import Chars, Choice, Pattern, Repeat, Series

MOST_DEPTH = 50
"""Groups within groups; more are a mistake, and would exhaust the stack."""
MOST_REPEATS = 100_000
"""Highest count that is read; `max_hold` bounds what a match may have."""

_SETS = {
    "d": charset.DIGITS,
    "w": charset.WORD,
    "s": charset.SPACE,
    "D": charset.DIGITS.negated(),
    "W": charset.WORD.negated(),
    "S": charset.SPACE.negated(),
}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}
_HEX_DIGITS = {"x": 2, "u": 4, "U": 8}
_COUNT = re.compile(r"\{([0-9]+)(,([0-9]+)?)?\}")
_AROUND = "say with not_after and not_before what may not stand around a match"


class PatternError(ValueError):
    """A pattern that is not of the subset; the text says what to write instead."""


def parse(text: str, *, ignore_case: bool = False) -> Pattern:
    """Return what a pattern means; raise `PatternError`."""
    parser = _Parser(text, ignore_case)
    pattern = parser.choice()
    if parser.char():
        raise parser.error("')' without '(': write \\) for the character")
    return pattern


def parse_class(text: str, *, ignore_case: bool = False) -> CharSet:
    """Return the characters of the inside of a class, as `0-9A-Za-z`; raise `PatternError`."""
    if not text:
        return charset.NOTHING
    parser = _Parser(text + "]", ignore_case)
    chars = parser.inside()
    if parser.char():
        raise PatternError(f"'{text}' is not the inside of a class: write ] as \\]")
    return chars


class _Parser:
    def __init__(self, text: str, ignore_case: bool) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._ignore_case = ignore_case

    def error(self, reason: str) -> PatternError:
        return PatternError(f"{reason} (character {self._at + 1} of the pattern)")

    def char(self) -> str:
        """Return the next character, or an empty text at the end."""
        return self._text[self._at : self._at + 1]

    def _accept(self, text: str) -> bool:
        if self._text.startswith(text, self._at):
            self._at += len(text)
            return True
        return False

    def choice(self) -> Pattern:
        parts = [self._series()]
        while self._accept("|"):
            parts.append(self._series())
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _series(self) -> Pattern:
        parts: list[Pattern] = []
        while self.char() not in ("", "|", ")"):
            parts.append(self._repeated(self._atom()))
        return parts[0] if len(parts) == 1 else Series(tuple(parts))

    def _repeated(self, part: Pattern) -> Pattern:
        char = self.char()
        if char in ("*", "+"):
            bounded = "{0,100}" if char == "*" else "{1,100}"
            raise self.error(f"'{char}' has no bound: give one, as {bounded}")
        if char == "?":
            self._at += 1
            least, most = 0, 1
        elif char == "{":
            least, most = self._count()
        else:
            return part
        if self.char() in ("?", "+"):
            raise self.error(
                f"'{self.char()}' after a repeat: there are no lazy or possessive repeats, "
                "as the longest match counts: leave it out"
            )
        if self.char() in ("{", "*"):
            raise self.error("a repeat of a repeat: put the inner one in (?:…)")
        return Repeat(part, least, most)

    def _count(self) -> tuple[int, int]:
        match = _COUNT.match(self._text, self._at)
        if match is None:
            raise self.error("'{' begins a repeat, as {3} or {1,8}: write \\{ for the character")
        if match[2] and not match[3]:
            raise self.error(f"'{match[0]}' has no bound: give one, as {{{match[1]},100}}")
        least = int(match[1])
        most = int(match[3]) if match[3] else least
        if most < least or most == 0 or most > MOST_REPEATS:
            raise self.error(
                f"'{match[0]}': write the smaller count first, and a bound from 1 to {MOST_REPEATS}"
            )
        self._at = match.end()
        return least, most

    def _atom(self) -> Pattern:
        char = self.char()
        if char == "(":
            return self._group()
        if char == "^":
            raise self.error(f"'^' is not available: {_AROUND}, or write \\^ for the character")
        if char == "$":
            raise self.error(f"'$' is not available: {_AROUND}, or write \\$ for the character")
        if char in "?*+{":
            raise self.error(f"'{char}' repeats nothing: write \\{char} for the character")
        self._at += 1
        if char == ".":
            return Chars(charset.ANY)
        if char == "[":
            return Chars(self._class())
        return Chars(self._cased(self._escape(False) if char == "\\" else self._literal(char)))

    def _group(self) -> Pattern:
        if self._accept("(?:"):
            pass
        elif self._text.startswith(("(?=", "(?!", "(?<=", "(?<!"), self._at):
            raise self.error(f"lookaheads and lookbehinds are not available: {_AROUND}")
        elif self._text.startswith(("(?P<", "(?P=", "(?<", "(?("), self._at):
            raise self.error("groups have no names and can't be referred to: write (?:…)")
        elif self._text.startswith("(?>", self._at):
            raise self.error("atomic groups are not available: write (?:…)")
        elif self._text.startswith("(?", self._at):
            raise self.error("flags and comments are not available: use ignore_case for letters")
        else:
            self._at += 1
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise self.error(f"more than {MOST_DEPTH} groups within groups: write it flatter")
        inner = self.choice()
        if not self._accept(")"):
            raise self.error("'(' without ')': write \\( for the character")
        self._depth -= 1
        return inner

    def _class(self) -> CharSet:
        is_negated = self._accept("^")
        chars = self.inside()
        if is_negated:
            chars = chars.negated()
        if not chars:
            raise self.error("a class without characters: it can match nothing")
        return chars

    def inside(self) -> CharSet:
        """Return the characters up to the end of a class, the `]`, which is taken too."""
        if self.char() == "]":
            raise self.error("a class without characters: write ] as \\]")
        chars = charset.NOTHING
        while not self._accept("]"):
            low = self._member()
            if self.char() == "-" and self._text[self._at + 1 : self._at + 2] != "]":
                self._at += 1
                high = self._member()
                chars |= self._range(low, high)
            else:
                chars |= low
        return self._cased(chars)

    def _member(self) -> CharSet:
        char = self.char()
        if not char:
            raise self.error("'[' without ']': write \\[ for the character")
        self._at += 1
        if char == "[":
            raise self.error("'[' within a class: write \\[")
        return self._escape(True) if char == "\\" else self._literal(char)

    def _range(self, low: CharSet, high: CharSet) -> CharSet:
        (first, _), (last, _) = low.ranges[0], high.ranges[0]
        if len(low) != 1 or len(high) != 1 or last < first:
            raise self.error("a range goes from a character to a later one, as a-z: write - as \\-")
        return charset.of_ranges([(first, last)])

    def _literal(self, char: str) -> CharSet:
        if char == charset.BOUNDARY:
            raise self.error("U+0000 can't be found: it separates texts")
        return charset.of_chars(char)

    def _escape(self, in_class: bool) -> CharSet:
        char = self.char()
        if not char:
            raise self.error("the pattern ends with '\\': write \\\\ for the character")
        self._at += 1
        if char in _SETS:
            return _SETS[char]
        if char in _CONTROLS:
            return charset.of_chars(_CONTROLS[char])
        if digits := _HEX_DIGITS.get(char):
            code = self._text[self._at : self._at + digits]
            if not re.fullmatch(f"[0-9A-Fa-f]{{{digits}}}", code) or int(code, 16) > charset.LAST:
                raise self.error(f"\\{char} takes {digits} hexadecimal digits, up to 10FFFF")
            self._at += digits
            return self._literal(chr(int(code, 16)))
        if char in "bBAZz" and not in_class:
            raise self.error(f"\\{char} is not available: {_AROUND}")
        if char.isdigit() and not in_class:
            raise self.error(f"\\{char} refers back to a group, which is not available")
        if char.isascii() and char.isalnum():
            raise self.error(f"\\{char} is no escape: leave the \\ out for the character")
        return self._literal(char)

    def _cased(self, chars: CharSet) -> CharSet:
        return chars.in_either_case() if self._ignore_case else chars
