"""A slice of a text as it is looked at: normalised, and as words."""

import re
from dataclasses import dataclass
from itertools import islice

from plugins.guardrails.injection.evidence import HAN, UNSPACED
from plugins.guardrails.injection.folding import folded
from plugins.guardrails.injection.normalise import normalise
from plugins.guardrails.injection.sentences import ADDRESS, named

_SLACK = 4
"""Words before the last dot of an address without a scheme."""
_WORD = re.compile(rf"[^\W_{HAN}]+|{UNSPACED}|@")


@dataclass(frozen=True, slots=True)
class Reading:
    """A slice of a text."""

    plain: str
    """Normalised."""
    words: list[str]
    """In order; addresses are one word, or few."""
    is_aligned: bool
    """Whether each character of `plain` stands for the one at its place in the text."""
    slack: int
    """How many more words than it counts as an address may be."""
    _spaced: str

    def part(self, first: int, end: int) -> str:
        """Return the normalised text from one word to before another."""
        begins = self._offset(first) if first > 0 else 0
        ends = self._offset(end) if end < len(self.words) else len(self.plain)
        return self.plain[begins:ends]

    def _offset(self, word: int) -> int:
        if word >= len(self.words):
            return len(self.plain)
        if self.is_aligned:
            return len(self._spaced) - len(self._spaced.split(None, word)[-1])
        return next(islice(_WORD.finditer(self._spaced), word, None)).start()


def read(text: str) -> Reading:
    """Read a slice of a text."""
    both = folded(text)
    if both is None:
        return _read_any(normalise(text))
    plain, spaced = both
    slack = 0
    if any(hint in plain for hint, *_ in _ADDRESSES):
        collapsed = _collapsed(plain)
        if collapsed != plain:
            slack = _SLACK
            _, spaced = folded(collapsed) or ("", "")
    return Reading(plain, spaced.split(), True, slack, spaced)


def _read_any(plain: str) -> Reading:
    collapsed = _collapsed(plain)
    slack = _SLACK * (collapsed != plain)
    return Reading(plain, _WORD.findall(collapsed), False, slack, collapsed)


def _collapsed(plain: str) -> str:
    """Return a text of the same length in which each address is as few words as it counts as."""
    for hint, pattern, short in _ADDRESSES:
        if hint in plain:
            plain = pattern.sub(short, plain)
    return plain


def _short_url(match: re.Match[str]) -> str:
    length = match.end() - match.start()
    words = " ".join(named("url", match[0]))
    return f" {words}".ljust(length) if len(words) < length else words[:length]


def _short_host(match: re.Match[str]) -> str:
    begins = match.start()
    if begins and match.string[begins - 1].isalnum():
        return _short_url(match)
    # As `.ssh/id_rsa`, which is what it says.
    return match[0]


def _short_at(match: re.Match[str]) -> str:
    length = match.end() - match.start()
    return " @".ljust(length) if length > 1 else "@"


_ADDRESSES = tuple(
    (hint, re.compile(pattern), short)
    for hint, pattern, short in (
        ("://", rf"https?://{ADDRESS}", _short_url),
        ("www.", rf"www\.{ADDRESS}", _short_url),
        ("/", rf"\.[a-z]{{2,24}}/{ADDRESS}", _short_host),
        ("@", r"@[@\w.-]*", _short_at),
    )
)
"""What is in each kind of address, what it looks like, and what stands for it."""
