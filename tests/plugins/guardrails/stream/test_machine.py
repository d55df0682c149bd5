"""All rules are followed at once, from wherever one may start."""

from unittest.mock import patch

from plugins.guardrails.stream import prefilter
from plugins.guardrails.stream.automaton import KNOWN_CHARS
from plugins.guardrails.stream.charset import BOUNDARY
from plugins.guardrails.stream.machine import Machine, Parsed
from plugins.guardrails.stream.parser import parse, parse_class
from plugins.guardrails.stream.rule import Rule


def _parsed(name: str, pattern: str, not_after: str = "") -> Parsed:
    return Parsed(
        rule=Rule(name=name, pattern=pattern, not_after=not_after),
        pattern=parse(pattern),
        not_after=parse_class(not_after),
        not_before=parse_class(""),
    )


def test_it_begins_with_the_rules_that_may_stand_there() -> None:
    """What stands before decides which rules can match; after a boundary all can."""
    machine = Machine([_parsed("X", "a"), _parsed("Y", "a", "b"), _parsed("Z", "a", r"\w")])
    assert machine.begin[BOUNDARY]["a"].accepts == (0, 1, 2)
    assert machine.begin[" "]["a"].accepts == (0, 1, 2)
    assert machine.begin["b"]["a"].accepts == (0,)
    assert machine.begin["c"]["a"].accepts == (0, 1)


def test_it_finds_the_next_candidate_of_any_rule() -> None:
    """One search finds where some rule may start."""
    found = Machine([_parsed("X", "ab"), _parsed("Y", "cd")]).search("--ad-cd-ab-", 0)
    assert found
    assert found.start() == 5


def _occurring(machine: Machine, text: str) -> list[int] | None:
    return machine.prefilter.occurring(text) if machine.prefilter else None


def test_it_makes_a_prefilter_of_all_rules() -> None:
    """Once it is prepared it knows what occurs; rules that RE2 has no room for go without."""
    machine = Machine([_parsed("X", "ab"), _parsed("Y", "cd", "x")])
    assert _occurring(machine, "-cd ") is None
    machine.prepare()
    assert _occurring(machine, "-cd ") == [1]
    with patch.object(prefilter, "MOST_MEMORY", 1):
        large = Machine([_parsed("X", "ab")])
        large.prepare()
    assert large.prefilter is None


def test_beginnings_are_bounded() -> None:
    """However many characters stand before, only so many are remembered."""
    machine = Machine([_parsed("X", "a", "b")])
    states = {id(machine.begin[chr(code)]) for code in range(1, 2 * KNOWN_CHARS)}
    assert len(states) == len("ab-")
    assert len(machine.begin) == KNOWN_CHARS
