"""A text as words, with what grammar says about where they stand."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from plugins.guardrails.injection.evidence import HAN, UNSPACED

STOP = 4
"""Words that the end of a sentence counts as, for the distance of two words."""
COLON = 2
"""The same for a colon."""
BREAK = 12
"""Words that an empty line counts as."""
SHORTEST = 3
"""Words of a sentence whose end counts: `Ignore. all. that.` is one sentence."""

ADDRESS = r"""[^\s)>\]"'`{<\[$]*[{<\[$]?"""
"""What follows the beginning of an address, up to where something may be put in."""
_PIECE = re.compile(
    r"""(?P<url>(?:https?://|www\.|(?:[a-z0-9-]{1,63}+\.){1,4}[a-z]{2,24}/)"""
    rf"""{ADDRESS})"""
    rf"""|(?P<word>[^\W_{HAN}]+|{UNSPACED})|(?P<at>@[\w.-]*)"""
    r"""|(?P<stop>[.!?;\u2026\u3002\uff01\uff1f]+(?=\s|$|["'\u201d\u2019\xbb)]))"""
    r"""|(?P<colon>:(?=\s))|(?P<gap>\n[^\S\n]*\n)"""
    r"""|(?P<quote>["\u201c\u201d\u201e\u201a\xab\xbb\u2039\u203a\u300c-\u300f]|`+|(?<!\w)'|\u2018"""
    r"""|['\u2019](?!\w))"""
)
_CLOSING = {
    "\u201c": '\u201d"',
    "\u201e": '\u201c\u201d"',
    "\u201a": "\u2018\u2019",
    "\u2018": "\u2019",
    "\xab": "\xbb",
    "\xbb": "\xab\xbb",
    "\u2039": "\u203a",
    "\u203a": "\u2039\u203a",
    "\u300c": "\u300d",
    "\u300e": "\u300f",
}
"""What ends a quotation, by what begins it, in all languages; the others end it themselves."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a text; all tuples are of the same length."""

    words: tuple[str, ...]
    places: tuple[int, ...]
    """Where they stand: neighbours differ by 1, and by more over the end of a sentence."""
    quoted: tuple[bool, ...]
    """Whether they are inside quotation marks or code."""
    announced: frozenset[int]
    """Numbers of the words right after a colon."""


def words_of(text: str) -> Words:
    """Cut a normalised text into words."""
    words: list[str] = []
    places: list[int] = []
    quoted: list[bool] = []
    announced: set[int] = set()
    place = length = 0
    closing = ""
    for match in _PIECE.finditer(text):
        kind = match.lastgroup
        if kind in ("word", "url", "at"):
            for word in named(kind, match[0]):
                place += 1
                length += 1
                words.append(word)
                places.append(place)
                quoted.append(bool(closing))
        elif kind == "colon":
            announced.add(len(words))
            place += COLON
        elif kind == "quote":
            mark = match[0][0]
            if not closing:
                closing = _CLOSING.get(mark, mark)
            elif mark in closing:
                closing = ""
        elif kind == "gap":
            place += BREAK
            length = 0
            closing = ""
        elif length >= SHORTEST:
            place += STOP
            length = 0
    return Words(tuple(words), tuple(places), tuple(quoted), frozenset(announced))


def named(kind: str, piece: str) -> list[str]:
    """Return the words that a piece stands for: of an address, only that it is one."""
    if kind == "url":
        return ["https", "url", "slot"] if piece[-1] in "{<[$=" else ["https"]
    if kind == "at":
        return ["@"]
    return [piece]


def slices(text: str, size: int) -> Iterator[str]:
    """Cut a text into slices of at most a size, between words where there is a blank near."""
    start = 0
    while start < len(text):
        end = start + size
        if end < len(text):
            end = max(text.rfind(" ", end - 64, end), text.rfind("\n", end - 64, end)) + 1 or end
        yield text[start:end]
        start = end
