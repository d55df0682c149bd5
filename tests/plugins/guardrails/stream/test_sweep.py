"""A sweep passes by no place where a match may start, and by most others."""

from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.guardrails.stream import sweep
from plugins.guardrails.stream.charset import BOUNDARY
from plugins.guardrails.stream.outline import ROOM, outline
from plugins.guardrails.stream.parser import parse, parse_class
from plugins.guardrails.stream.prefilter import Prefilter
from plugins.guardrails.stream.sweep import MOST_WINDOWS, WINDOW, Sweep
from tests.plugins.guardrails.stream import oracle
from tests.plugins.guardrails.stream.oracle import Known


def _stops(prefilter: Prefilter, text: str) -> list[int]:
    """Return all places where a sweep stops before the end."""
    sweep, stops, at = Sweep(prefilter, text), [], 1
    while (at := sweep(at)) < len(text):
        stops.append(at)
        at += 1
    return stops


@given(oracle.rules, oracle.words, st.integers(1, 9))
@settings(max_examples=200, deadline=None)
def test_it_stops_wherever_a_match_starts(known: list[Known], text: str, window: int) -> None:
    """However long its windows are, a sweep stops at each start of a match."""
    rules = [(parse(each.rule.pattern), parse_class(each.rule.not_after)) for each in known]
    prefilter = Prefilter(outline(*rule) for rule in rules)
    with patch.object(sweep, "WINDOW", window):
        stops = _stops(prefilter, BOUNDARY + text)
    for start in range(len(text)):
        for each, (_, not_after) in zip(known, rules, strict=True):
            if oracle.ends(each.tree, text, start) and (
                not start or text[start - 1] not in not_after
            ):
                assert start + 1 in stops


def test_it_passes_by_what_can_not_match() -> None:
    """In a long text it stops where an outline is, and now and then to say how far it is."""
    prefilter = Prefilter([outline(parse("ab{3}c"), parse_class("x"))])
    text = "- abbc abbbc xabbbc" + " " * 5000 + "abbbc"
    go = range(1, len(text) - ROOM, WINDOW * MOST_WINDOWS)
    assert _stops(prefilter, text) == [7, *go[1:], len(text) - 5]


def test_what_is_cut_off_may_go_on() -> None:
    """A beginning of a match at the end of the text is a candidate."""
    prefilter = Prefilter([outline(parse("ab{3}c"), parse_class(""))])
    assert _stops(prefilter, "- abbb ab") == [7]
    assert _stops(prefilter, f"- ab{BOUNDARY}bbc abb") == [2, 9]


def test_without_an_encoding_every_place_is_a_candidate() -> None:
    """Half a surrogate pair is of no encoding that could be searched."""
    prefilter = Prefilter([outline(parse("a"), parse_class(""))])
    assert _stops(prefilter, "-b\ud800c") == [1, 2, 3]
