"""How strong the evidence for an injection is, between 0 and 1.

A rule that is met scores its weight times the factors of `weakening.py`, for what makes it sound
like talk about an injection rather than one. A text scores what its strongest family does, and
the others add half of what is left: `1 - (1 - s1)(1 - s2/2)(1 - s3/2)…` over families with at
least `LEAST`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from plugins.guardrails.injection.evidence import LEAST, Evidence, Rule
from plugins.guardrails.injection.sentences import Words
from plugins.guardrails.injection.weakening import factor


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that is met."""

    family: str
    score: float
    first: int
    """Number of its first word."""
    last: int


def combined(scores: Iterable[float]) -> float:
    """Return the score of a text from those of its families; see above."""
    strongest, *others = sorted((each for each in scores if each >= LEAST), reverse=True) or [0.0]
    doubt = 1 - strongest
    for score in others:
        doubt *= 1 - score / 2
    return round(1 - doubt, 4)


def hits(
    words: Words, foreign: bool, rules: Iterable[Rule], best: Mapping[str, float]
) -> Iterator[Hit | None]:
    """Yield each hit that is stronger than the `best` of its family so far.

    `rules` come heaviest first; `foreign` says that the text is a tool's. After each look at a
    place where there is no such hit, nothing is yielded, to let others have their turn.
    """
    evidence = Evidence(words.words)
    best = dict(best)
    for rule in rules:
        family = rule.phrase.family
        weight = rule.weight(foreign)
        if best.get(family, 0.0) >= weight:
            continue
        for first, last in evidence.spans(rule, words.places, rule.phrase.within):
            score = round(weight * factor(rule, evidence.masks, words, first, last, foreign), 4)
            if score >= LEAST and score > best.get(family, 0.0):
                best[family] = score
                yield Hit(family, score, first, last)
                if score >= weight:
                    break
            else:
                yield None
        yield None


def may_hit(words: Words, rules: Iterable[Rule]) -> bool:
    """Say whether any rule is met, whatever weakens it."""
    evidence = Evidence(words.words)
    return any(
        next(evidence.spans(rule, words.places, rule.phrase.within), None) is not None
        for rule in rules
    )
