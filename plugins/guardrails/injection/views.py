"""Other ways to read a text: spelled out, in leetspeak, by ROT13, and backwards."""

import codecs
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from plugins.guardrails.injection.evidence import BITS, KNOWN, SINGLE
from plugins.guardrails.injection.hints import Hints

MOST_SPELLED = 1024
"""Letters that are put together again, of each slice of a text."""

_LETTERS = frozenset("bcefghjklnopqrvwxyz")
"""Words of one letter that English doesn't have, nor its short forms: it's, don't, I'd, I'm."""
_CLASSES = sum(
    BITS[name]
    for name in (
        "drop",
        "prior",
        "order",
        "system",
        "show",
        "your",
        "all",
        "limit",
        "refuse",
        "free",
    )
)
_SPELLED = re.compile(r"(?<![^\W_])(?:[^\W_][ .\-_*|/,\n]{1,3}){2,}[^\W_](?![^\W_])")
_BETWEEN = re.compile(r"[\W_]")
_MIXED = re.compile(r"([a-z0-9@$!|+]{2,})")
_AS_I = str.maketrans("0134578@$!|+", "oieastbasiit")
_AS_L = str.maketrans("0134578@$!|+", "oleastbaslit")


def _coded(word: str) -> tuple[str, str]:
    return codecs.encode(word, "rot13"), word[::-1]


_TELLING = frozenset(
    word for word, mask in SINGLE.items() if len(word) > 3 and word.isascii() and mask & _CLASSES
)
_CODED = {
    form: view
    for word in _TELLING
    if len(word) > 4
    for view, form in zip(("rot13", "backwards"), _coded(word), strict=True)
    if form not in KNOWN
}
_CODES = frozenset(_CODED)
_STEMS = (
    *("ignor", "disregard", "forget", "overrid", "bypass", "prompt", "instruct", "restrict"),
    *("reveal", "guideline", "system"),
)
"""Of which spelled-out instructions have one."""


def views(text: str, hints: Hints) -> Iterator[str]:
    """Yield a normalised text in each other way of reading that its words hint at."""
    different = hints.different
    long = [word for word in hints.long if any(stem in word for stem in _STEMS)]
    spelled = len(_LETTERS & different) > 3 and _is_spelled(hints.words)
    if spelled or long:
        yield _together(_SPELLED.findall(text) if spelled else [], long)
    if any(_plain(word) in _TELLING for word in hints.mixed):
        yield _in_letters(text)
    coded = [_CODED[word] for word in _CODES & different]
    if coded.count("rot13") > 1:
        yield codecs.encode(text, "rot13")
    if coded.count("backwards") > 1:
        yield text[::-1]


def _is_spelled(words: Sequence[str]) -> bool:
    """Say whether words of one letter spell an instruction."""
    letters = "".join([word for word in words if len(word) == 1])
    return any(stem in letters for stem in _STEMS)


def _in_letters(text: str) -> str:
    """Return a text with letters for digits."""
    # Every other part is a match: to go through them so is four times as fast as `sub`.
    parts = _MIXED.split(text)
    parts[1::2] = map(_plain, parts[1::2])
    return "".join(parts)


@lru_cache(maxsize=4096)
def _plain(word: str) -> str:
    """Return a word with letters for digits, as far as it has both."""
    if word.isdigit():
        return word
    read = word.translate(_AS_L)
    return read if read in KNOWN else word.translate(_AS_I)


def _together(spelled: list[str], long: list[str]) -> str:
    """Return the words that are spelled out or run together, and nothing else."""
    joined = [_BETWEEN.sub("", each) for each in spelled]
    letters = "".join(joined + long)[:MOST_SPELLED]
    if not any(stem in letters for stem in _STEMS):
        return ""
    words = []
    at = 0
    while at < len(letters):
        for length in range(12, 2, -1):
            if letters[at : at + length] in SINGLE:
                words.append(letters[at : at + length])
                at += length
                break
        else:
            at += 1
    return " ".join(words)
