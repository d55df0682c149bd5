"""A matcher finds what its rules say, and refuses rules that can't be used."""

import pytest
from hypothesis import given, settings

from localai import SettingsError
from plugins.guardrails.stream.matcher import Match, Matcher, RuleError
from plugins.guardrails.stream.rule import Rule
from tests.pace import within
from tests.plugins.guardrails.stream import oracle
from tests.plugins.guardrails.stream.oracle import Known


@given(oracle.rules, oracle.words)
@settings(max_examples=120, deadline=None)
def test_matches_are_the_leftmost_of_those_the_longest_of_those_the_first(
    known: list[Known], text: str
) -> None:
    """Replacing the matches that are found gives what the plain search gives."""
    matches = Matcher([each.rule for each in known]).find(text)
    given, at = "", 0
    for match in matches:
        given += text[at : match.start] + f"<{match.rule.name}>"
        at = match.end
    expected = oracle.expected(known, [text], lambda rule, match: f"<{rule.name}>")
    assert expected.is_blocked or given + text[at:] == expected.texts[0]


def test_positions_are_those_of_the_text() -> None:
    """A match says where it starts and ends, with what `until` takes."""
    key = Rule(name="key", pattern="BEGIN", until="END", most=100)
    word = Rule(name="word", pattern="[a-z]{1,9}")
    matcher = Matcher([key, word])
    assert matcher.rules == (key, word)
    assert matcher.find("ab BEGIN x END cd") == [
        Match(word, 0, 2),
        Match(key, 3, 14),
        Match(word, 15, 17),
    ]
    assert matcher.find("BEGIN x") == [Match(key, 0, 7)]
    assert Matcher([]).find("anything") == []


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (Rule(name="X", pattern="a*"), r"rule 'X': '\*' has no bound: give one, as \{0,100\}"),
        (Rule(name="X", pattern="a?"), "matches the empty text: make it match something"),
        (Rule(name="X", pattern=""), "matches the empty text"),
        (Rule(name="X", pattern="a{2,5000}"), "5000 characters, more than max_hold = 4096"),
        (Rule(name="X", pattern="(?:(?:a{1,50}){1,50}){1,50}"), "more than max_hold"),
        (Rule(name="X", pattern="(?:a{1,50}){1,50}"), "more than 200 ways at once"),
        (Rule(name="X", pattern="|".join(["a{4000}"] * 6)), "more than 20000: give its repeats"),
        (Rule(name="X", pattern="a", not_after="[a"), r"rule 'X': .*write \\\["),
        (Rule(name="X", pattern="a", not_before="a]b"), r"write \] as \\\]"),
        (Rule(name="X", pattern="a", until="b"), "until needs most"),
        (Rule(name="X", pattern="a", most=3), "most is for until"),
        (Rule(name="X", pattern="a", until="b+", most=3), r"rule 'X': until: '\+' has no bound"),
        (Rule(name="X", pattern="a", until="b?", most=3), "until: the pattern matches the empty"),
    ],
)
def test_a_rule_that_can_not_be_used_is_refused_with_the_remedy(rule: Rule, reason: str) -> None:
    """The refusal names the rule, what is wrong and what to write instead, and takes no time."""

    def refused() -> None:
        with pytest.raises(RuleError, match=reason):
            Matcher([rule])

    within(0.2, refused)
    assert issubclass(RuleError, SettingsError)


def test_max_hold_bounds_matches() -> None:
    """What may be held back is for the caller to say."""
    with pytest.raises(RuleError, match="5 characters, more than max_hold = 4"):
        Matcher([Rule(name="X", pattern="a{5}")], max_hold=4)


def test_nul_is_a_character_of_a_whole_text() -> None:
    """U+0000 in a text is no boundary for `find`."""
    assert Matcher([Rule(name="X", pattern="ab")]).find("a\0b") == []
