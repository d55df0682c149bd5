"""The compiled lexicon."""

from hypothesis import given
from hypothesis import strategies as st

from plugins.guardrails.injection.evidence import (
    BITS,
    KNOWN,
    LEAST,
    RULES,
    STARTS,
    Evidence,
    bits_of,
    possible,
    rules_for,
)

WORDS = st.lists(st.sampled_from(sorted(KNOWN | STARTS.keys())), max_size=30)


def test_phrases_are_found_by_their_words() -> None:
    """Single words and phrases of several are evidence where they begin."""
    evidence = Evidence(("ignore", "the", "system", "prompt"))
    assert evidence.masks[0] & BITS["drop"]
    assert evidence.masks[2] & BITS["system"]


@given(WORDS, st.booleans())
def test_the_quick_look_misses_nothing(words: list[str], foreign: bool) -> None:
    """The rules that are possible by the set of words are at least those by their order."""
    seen = 0
    for mask in Evidence(words).masks.values():
        seen |= mask
    found = possible(set(words), foreign)
    assert set(rules_for(seen, foreign)) <= set(found.rules if found else ())


@given(WORDS)
def test_spans_have_each_class_near_the_first(words: list[str]) -> None:
    """A span begins and ends at evidence of the rule, and is no wider than twice its reach."""
    evidence = Evidence(words)
    places = range(len(words))
    for rule in RULES:
        for first, last in evidence.spans(rule, places, rule.phrase.within):
            assert evidence.masks[first] & rule.mask
            assert evidence.masks[last] & rule.mask
            assert last - first <= 2 * rule.phrase.within


def test_only_rules_with_all_classes_are_looked_at() -> None:
    """A text that lacks a class of a rule can't meet it."""
    assert all(rule.phrase.classes == ("obey",) for rule in rules_for(BITS["obey"], False))
    assert rules_for(0, False) == ()


def test_rules_come_heaviest_first() -> None:
    """In tool results by what they weigh there, without those that weigh too little."""
    for foreign in (False, True):
        weights = [rule.weight(foreign) for rule in rules_for((1 << len(BITS)) - 1, foreign)]
        assert weights == sorted(weights, reverse=True)
        assert weights[-1] >= LEAST


def test_a_mask_is_its_bits() -> None:
    """The single bits of a mask are told, the lowest first."""
    assert bits_of(0b10110) == (2, 4, 16)
