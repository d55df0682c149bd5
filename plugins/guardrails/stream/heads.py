"""How matches of a pattern begin: what must be there for one to start."""

from dataclasses import dataclass

from plugins.guardrails.stream.charset import NOTHING, CharSet
from plugins.guardrails.stream.pattern import Chars, Choice, Pattern, Repeat, Series

MOST_HEADS = 16
"""Most ways to begin that are told apart; with more, all that counts is the first character."""
DEPTH = 6
"""Most single characters that are looked at."""


@dataclass(frozen=True, slots=True)
class Head:
    """Some characters one by one, then perhaps a run of others that ends with yet another."""

    fixed: tuple[CharSet, ...]
    run: CharSet = NOTHING
    most: int = 0
    """Most characters of the run, of which there may also be none."""
    after: CharSet = NOTHING


def heads(pattern: Pattern) -> list[Head]:
    """Return the ways in which a match can begin; each holds for all matches that begin so."""
    ways = [_head(parts) for parts in _unfolded([pattern])]
    if len(ways) > MOST_HEADS:
        return [Head((first_chars([pattern]),))]
    return list(dict.fromkeys(ways))


def first_chars(parts: list[Pattern]) -> CharSet:
    """Return the characters that a series may begin with; none if it may be empty."""
    first = NOTHING
    for part in parts:
        if isinstance(part, Chars):
            first |= part.chars
        elif isinstance(part, Series):
            first |= _any_first(list(part.parts))
        elif isinstance(part, Choice):
            for each in part.parts:
                first |= _any_first([each])
        else:
            first |= _any_first([part.part])
        if part.shortest:
            return first
    return NOTHING


def _any_first(parts: list[Pattern]) -> CharSet:
    """Return the characters that a series may begin with, also if it may be empty."""
    return first_chars([*parts, Chars(NOTHING)])


def _unfolded(parts: list[Pattern]) -> list[list[Pattern]]:
    """Return the series that begin with a set of characters, or a repeated one, or can't."""
    first, *rest = parts
    if isinstance(first, Series):
        return _unfolded([*first.parts, *rest]) if first.parts else [parts]
    if isinstance(first, Choice) and first.shortest:
        return [way for each in first.parts for way in _unfolded([each, *rest])]
    return [parts]


def _head(parts: list[Pattern]) -> Head:
    fixed: list[CharSet] = []
    for at, part in enumerate(parts):
        if len(fixed) >= DEPTH and not isinstance(part, Repeat):
            break
        if isinstance(part, Chars):
            fixed.append(part.chars)
        elif isinstance(part, Repeat) and isinstance(part.part, Chars):
            chars = part.part.chars
            known = [chars] * min(part.least, DEPTH - len(fixed))
            if part.least == part.most:
                fixed += known
                if len(known) < part.least:
                    break
                continue
            after = first_chars(parts[at + 1 :])
            if not after:
                fixed += known
                break
            if fixed:
                return Head(tuple(fixed), chars, part.most, after)
            if part.least:
                return Head((chars,), chars, part.most - 1, after)
            break
        else:
            if following := first_chars(parts[at:]):
                fixed.append(following)
            break
    return Head(tuple(fixed) or (first_chars(parts),))
