"""What must be equal in two texts, however similar they are.

An embedding is a blur of a text. One other number in a long question moves it by a thousandth, and
one that counts words doesn't see their order at all: `from 3 to 7` is `from 7 to 3`.
"""

import re
from collections.abc import Callable, Collection, Iterable
from hashlib import blake2b
from typing import Literal

Fact = Literal["numbers", "names", "negations", "questions", "order"]
FACTS: tuple[Fact, ...] = ("numbers", "names", "negations", "questions", "order")

HALF = 8
"""Bytes of each of the two digests in what `order_of` returns."""

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
# A capital within a sentence, not at its start; one letter is `I`, or an item of a list.
_NAME = re.compile(r"(?<=[^\s.!?:;*-])\s+[\"'([]*([^\W\d_a-z]\w+)")
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nothing|nobody|neither|nor|without|cannot|\w+n['\u2019]t"
    r"|nicht|nichts|kein\w{0,2}|nie|niemals|niemand|ohne|weder"
    r"|pas|jamais|sans|aucune?|rien|nunca|sin|jamás|ningun[oa]?|ningún|nadie)\b",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"\b(?:who|whom|whose|when|where|why|how|wh(at|ich)"
    r"|wer|wen|wem|wann|wo|wohin|woher|warum|wieso|wie|(was|welche\w?)"
    r"|qui|quand|où|pourquoi|comment|combien|(quel\w*)"
    r"|quién|cuándo|dónde|cómo|cuánt[oa]s?|(qué|cuál))\b",
    re.IGNORECASE,
)
# Shorter ones come and go without a change of meaning.
_WORD = re.compile(r"(?!the\b)\w{3,}")


def _numbers(text: str) -> Iterable[str]:
    return _NUMBER.findall(text)


def _names(text: str) -> Iterable[str]:
    return (name for name in _NAME.findall(text) if name[0].isupper())


def _negations(text: str) -> Iterable[str]:
    # How many: `can't` is `cannot`.
    return ("not" for _ in _NEGATION.finditer(text))


def _questions(text: str) -> Iterable[str]:
    # `what` and `which` are one.
    return ("what" if each.lastindex else each[0].lower() for each in _QUESTION.finditer(text))


_FINDERS: dict[Fact, Callable[[str], Iterable[str]]] = {
    "numbers": _numbers,
    "names": _names,
    "negations": _negations,
    "questions": _questions,
}


def facts_of(text: str, wanted: Collection[Fact] = FACTS) -> tuple[tuple[str, ...], ...]:
    """Return the facts in a text but for its order: each kind, as they stand there."""
    return tuple(tuple(find(text)) if kind in wanted else () for kind, find in _FINDERS.items())


def order_of(text: str) -> bytes:
    """Return a digest of the words in a text, and one of these in their order."""
    words = _WORD.findall(text.lower())
    return _digest(sorted(words)) + _digest(words)


def is_reordered(one: bytes, other: bytes) -> bool:
    """Say whether two texts have the same words in another order, by what `order_of` returned."""
    return one[:HALF] == other[:HALF] and one != other


def _digest(words: Iterable[str]) -> bytes:
    text = "\n".join(words).encode(errors="surrogatepass")
    return blake2b(text, digest_size=HALF).digest()
