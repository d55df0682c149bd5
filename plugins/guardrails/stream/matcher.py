"""Rules, compiled: what a text is searched with, at once or as it comes."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from localai import SettingsError
from plugins.guardrails.stream.charset import BOUNDARY
from plugins.guardrails.stream.cursor import Cursor
from plugins.guardrails.stream.machine import Machine, Parsed
from plugins.guardrails.stream.parser import PatternError, parse, parse_class
from plugins.guardrails.stream.pattern import Pattern
from plugins.guardrails.stream.rule import Rule
from plugins.guardrails.stream.width import width

MAX_HOLD = 4096
"""Most characters that may be held back, if nothing else is said."""
MOST_NODES = 20_000
"""Most single characters of a pattern with its repeats written out."""

MOST_PLACES = 200
"""Most places of a pattern that one may be in at once."""


class RuleError(SettingsError):
    """A rule that can't be used; the text says why and what to write instead."""


class Match(NamedTuple):
    """Where in a text a rule matches; with `until`, up to the end of what it takes."""

    rule: Rule
    start: int
    end: int


class Matcher:
    """Finds matches of rules: the leftmost, of those the longest, of those the first listed.

    It can be shared between requests. Raises `RuleError` for a rule that can't be used.
    """

    def __init__(self, rules: Sequence[Rule], *, max_hold: int = MAX_HOLD) -> None:
        self.rules = tuple(rules)
        self.max_hold = max_hold
        self.machine = Machine([_parsed(rule, max_hold) for rule in self.rules])
        self.until = {rule: _until(rule, max_hold) for rule in self.rules if rule.until}
        """What ends the text that a rule takes after its match."""
        self._is_prepared = False

    async def prepare(self) -> None:
        """Have long texts searched fast from now on: at first use, as it takes time and memory."""
        if not self._is_prepared:
            self._is_prepared = True
            await asyncio.to_thread(self.machine.prepare)

    def find(self, text: str) -> list[Match]:
        """Return the matches in a whole text, in order; they do not overlap."""
        matches = []
        cursor = Cursor(self.machine)
        cursor.add(text.replace(BOUNDARY, "\ufffd"))
        while found := cursor.next(True):
            start, end, rule = found
            if rule in self.until:
                cursor.use(self.until[rule])
                ending = cursor.next(True)
                end = ending.end if ending else len(cursor.text)
                cursor.use(self.machine)
            matches.append(Match(rule, start - 1, end - 1))
        return matches


def _parsed(rule: Rule, max_hold: int) -> Parsed:
    where = f"rule '{rule.name}'"
    if rule.until and rule.most < 1:
        raise RuleError(f"{where}: until needs most, the characters that it may take at most")
    if rule.most and not rule.until:
        raise RuleError(f"{where}: most is for until: set that too, or neither")
    try:
        not_after = parse_class(rule.not_after, ignore_case=rule.ignore_case)
        not_before = parse_class(rule.not_before, ignore_case=rule.ignore_case)
        pattern = parse(rule.pattern, ignore_case=rule.ignore_case)
    except PatternError as error:
        raise RuleError(f"{where}: {error}") from None
    _check(where, pattern, max_hold)
    return Parsed(rule, pattern, not_after, not_before)


def _until(rule: Rule, max_hold: int) -> Machine:
    where = f"rule '{rule.name}': until"
    try:
        pattern = parse(rule.until, ignore_case=rule.ignore_case)
    except PatternError as error:
        raise RuleError(f"{where}: {error}") from None
    _check(where, pattern, max_hold)
    nothing = parse_class("")
    return Machine(
        [
            Parsed(
                rule=Rule(name=rule.name, pattern=rule.until),
                pattern=pattern,
                not_after=nothing,
                not_before=nothing,
            )
        ]
    )


def _check(where: str, pattern: Pattern, max_hold: int) -> None:
    if not pattern.shortest:
        raise RuleError(f"{where}: the pattern matches the empty text: make it match something")
    if pattern.longest > max_hold:
        raise RuleError(
            f"{where}: a match may have {pattern.longest} characters, more than max_hold = "
            f"{max_hold}: give its repeats smaller bounds, or take the rest with until and most"
        )
    if pattern.size > MOST_NODES:
        raise RuleError(
            f"{where}: written out it has {pattern.size} characters, more than {MOST_NODES}: "
            "give its repeats smaller bounds, above all those within others"
        )
    if pattern.size > MOST_PLACES and width(pattern, MOST_PLACES) > MOST_PLACES:
        raise RuleError(
            f"{where}: a text can be read in more than {MOST_PLACES} ways at once, which takes too "
            "long: give repeats within repeats a fixed count, or something that separates them"
        )
