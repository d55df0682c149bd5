"""The lexicon compiled: from words to the classes of evidence that they are."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import lru_cache

from plugins.guardrails.injection.context import CONTEXT
from plugins.guardrails.injection.languages import WORDS
from plugins.guardrails.injection.languages_context import CONTEXT_WORDS
from plugins.guardrails.injection.lexicon import CLASSES
from plugins.guardrails.injection.normalise import normalise
from plugins.guardrails.injection.phrases import PHRASES, Phrase

LEAST = 0.3
"""Weaker evidence counts for nothing."""

BITS = {name: 1 << number for number, name in enumerate((*CLASSES, *CONTEXT))}
"""Each class as a bit, so that a set of classes is an integer."""

_WORD = re.compile(r"[^\W_]+|@")
HAN = r"\u3040-\u30ff\u3400-\u9fff"
"""Kana and Han: scripts that put no space between words, as a part of a character class."""
_HAN = re.compile(f"[{HAN}]")


@dataclass(frozen=True, slots=True)
class Rule:
    """A phrase with its classes as bits."""

    phrase: Phrase
    mask: int
    bits: tuple[int, ...]

    def weight(self, foreign: bool) -> float:
        """Return what it weighs, in a tool's text or in another."""
        return self.phrase.foreign if foreign else self.phrase.weight


@dataclass(frozen=True, slots=True)
class Entry:
    """A phrase of several words of the lexicon."""

    term: tuple[str, ...]
    words: frozenset[str]
    mask: int


def _terms() -> dict[tuple[str, ...], int]:
    terms: dict[tuple[str, ...], int] = {}
    for source in (CLASSES, CONTEXT, WORDS, CONTEXT_WORDS):
        for name, entries in source.items():
            for entry in entries.split():
                term = tuple(_WORD.findall(normalise(entry.replace("_", " "))))
                terms[term] = terms.get(term, 0) | BITS[name]
    return terms


_TERMS = _terms()

SINGLE = {term[0]: mask for term, mask in _TERMS.items() if len(term) == 1}
"""Classes of single words."""
STARTS: dict[str, dict[str, list[tuple[tuple[str, ...], int]]]] = {}
"""Phrases of several words, and their classes, by their first and their second word."""
PHRASES_BY_WORD: dict[str, list[Entry]] = {}
"""Phrases of several words by their longest one, which is the rarest."""
for _term, _mask in _TERMS.items():
    if len(_term) > 1:
        STARTS.setdefault(_term[0], {}).setdefault(_term[1], []).append((_term, _mask))
        PHRASES_BY_WORD.setdefault(max(_term, key=len), []).append(
            Entry(_term, frozenset(_term), _mask)
        )

KNOWN = frozenset(SINGLE) | frozenset(PHRASES_BY_WORD)
"""Words without which a text has no evidence."""

_UNSPACED = sorted(filter(_HAN.search, SINGLE), key=len, reverse=True)
UNSPACED = f"(?=[{''.join(sorted({term[0] for term in _UNSPACED}))}])(?:{'|'.join(_UNSPACED)})"
"""A pattern for the terms of scripts that put no space between words."""

RULES = tuple(
    Rule(phrase, sum(BITS[name] for name in phrase.classes), tuple(BITS[n] for n in phrase.classes))
    for phrase in PHRASES
)
_RULES = {
    foreign: tuple(
        sorted(
            (rule for rule in RULES if rule.weight(foreign) >= LEAST),
            key=lambda rule: -rule.weight(foreign),
        )
    )
    for foreign in (False, True)
}
"""The heaviest first, in what a tool says and in what others do."""
DEMANDED = sum(BITS[name] for name in {name for phrase in PHRASES for name in phrase.classes})
"""The classes that any rule has; the others are context."""


@dataclass(frozen=True, slots=True)
class Possible:
    """What a text may have evidence of, by its different words alone."""

    rules: tuple[Rule, ...]
    """Those that it may meet, the heaviest first."""
    singles: dict[str, int]
    """The words of these classes that it has."""
    starts: dict[str, list[tuple[tuple[str, ...], int]]]
    """The phrases of these classes whose words it has, by their first word."""
    foreign: bool

    def above(self, best: Mapping[str, float]) -> "Possible":
        """Return the same without the rules that can't weigh more than the best of a family."""
        rules = tuple(
            rule
            for rule in self.rules
            if rule.weight(self.foreign) > best.get(rule.phrase.family, 0.0)
        )
        return replace(self, rules=rules)


def possible(words: Set[str], foreign: bool) -> Possible | None:
    """Say what a text with these words may have evidence of; none if of nothing.

    `foreign` says that the text is a tool's.
    """
    classes = 0
    phrases = []
    known = KNOWN & words
    for word in known:
        classes |= SINGLE.get(word, 0)
        for entry in PHRASES_BY_WORD.get(word, ()):
            if entry.words <= words:
                classes |= entry.mask
                phrases.append(entry)
    rules = rules_for(classes & DEMANDED, foreign)
    if not rules:
        return None
    needed = 0
    for rule in rules:
        needed |= rule.mask
    starts: dict[str, list[tuple[tuple[str, ...], int]]] = {}
    for entry in phrases:
        if entry.mask & needed:
            starts.setdefault(entry.term[0], []).append((entry.term, entry.mask & needed))
    singles = {word: mask for word in known if (mask := SINGLE.get(word, 0) & needed)}
    return Possible(rules, singles, starts, foreign)


@lru_cache(maxsize=4096)
def rules_for(mask: int, foreign: bool) -> tuple[Rule, ...]:
    """Return the rules that a text with these classes may meet, the heaviest first."""
    return tuple(rule for rule in _RULES[foreign] if rule.mask & mask == rule.mask)


@lru_cache(maxsize=4096)
def bits_of(mask: int) -> tuple[int, ...]:
    """Return the single bits of a mask."""
    return tuple(1 << at for at in range(mask.bit_length()) if mask >> at & 1)


class Evidence:
    """The words of a text that are evidence, by class."""

    def __init__(self, words: Sequence[str]) -> None:
        self.masks: dict[int, int] = {}
        """Classes by the number of the word."""
        following = (*words[1:], "")
        for at, word in enumerate(words):
            mask = SINGLE.get(word, 0)
            if word in STARTS:
                for term, more in STARTS[word].get(following[at], ()):
                    if tuple(words[at : at + len(term)]) == term:
                        mask |= more
            if mask:
                self.masks[at] = mask
        self._numbers: dict[int, list[int]] = {}

    def spans(self, rule: Rule, places: Sequence[int], within: int) -> Iterator[tuple[int, int]]:
        """Yield from where to where each class of a rule has a word near one of the first class.

        `places` are the words' places, in which `within` counts.
        """
        anchors, *others = (self._of(bit) for bit in rule.bits)
        for anchor in anchors:
            used = [anchor]
            for numbers in others:
                near = _nearest(numbers, anchor, places, within, used)
                if near is None:
                    break
                used.append(near)
            else:
                yield min(used), max(used)

    def _of(self, bit: int) -> list[int]:
        """Return the numbers of the words of a class."""
        numbers = self._numbers.get(bit)
        if numbers is None:
            numbers = [at for at, mask in self.masks.items() if mask & bit]
            self._numbers[bit] = numbers
        return numbers


def _nearest(
    numbers: list[int], anchor: int, places: Sequence[int], within: int, used: list[int]
) -> int | None:
    """Return the number nearest to the anchor that is not used, if it is near enough."""
    right = bisect_left(numbers, anchor)
    left = right - 1
    while left >= 0 and numbers[left] in used:
        left -= 1
    while right < len(numbers) and numbers[right] in used:
        right += 1
    best: int | None = None
    least = within
    if right < len(numbers) and places[numbers[right]] - places[anchor] <= least:
        best = numbers[right]
        least = places[best] - places[anchor] - 1
    if left >= 0 and places[anchor] - places[numbers[left]] <= least:
        best = numbers[left]
    return best
