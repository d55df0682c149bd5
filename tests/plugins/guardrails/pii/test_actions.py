"""Actions by their names, and masks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localai import SettingsError
from plugins.guardrails.pii.actions import (
    ACTIONS,
    Treatment,
    actions_of,
    labelled,
    mask,
    read_actions,
)

CARD = Treatment(name="card", label="CARD", action="redact")


def test_every_action_is_read() -> None:
    """A table may name each action, and on output each but pseudonymise."""
    table = {f"entity{number}": action for number, action in enumerate(ACTIONS)}
    assert read_actions(table, "input", "input") == table
    del table[f"entity{ACTIONS.index('pseudonymise')}"]
    assert read_actions(table, "output", "output") == table


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("redakt", "output.card: 'redakt' is no action; did you mean 'redact'?"),
        ("", "output.card: '' is no action; known are: block, flag, mask, off"),
        ("pseudonymise", 'use "redact" or "mask", or pseudonymise on input'),
    ],
)
def test_a_wrong_action_is_explained(action: str, expected: str) -> None:
    """The message names the table, the entity and what to write instead."""
    with pytest.raises(SettingsError) as caught:
        read_actions({"card": action}, "output", "output")
    assert expected in str(caught.value)


def test_actions_of_names_each_once() -> None:
    """The actions that occur are known, whatever the entities."""
    assert actions_of({"card": CARD, "iban": CARD}) == {"redact"}
    assert actions_of({}) == frozenset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4111 1111 1111 1111", "**** **** **** 1111"),
        ("4111-1111-1111-1111", "****-****-****-1111"),
        ("123-45-6789", "***-**-6789"),
        ("anna@example.org", "****@******e.org"),
        ("a@b.co", "*@*.co"),
        ("abc", "**c"),
        ("a", "*"),
        ("", ""),
        ("--", "--"),
        ("żółć12", "***ć12"),
    ],
)
def test_a_mask_leaves_the_end(text: str, expected: str) -> None:
    """All letters and digits but the last four become stars, of short values at least half."""
    assert mask(text, 4) == expected


@settings(deadline=None)
@given(st.text(), st.integers(0, 10))
def test_a_mask_keeps_length_and_separators(text: str, keep: int) -> None:
    """A mask has the length of the text, its separators, and no more letters than allowed."""
    masked = mask(text, keep)
    assert len(masked) == len(text)
    for before, after in zip(text, masked, strict=True):
        assert after == before or (after == "*" and before.isalnum())
    assert sum(map(str.isalnum, masked)) <= min(keep, sum(map(str.isalnum, text)) // 2)


def test_a_label_names_the_entity() -> None:
    """The label of the file gets the entity's own, and may do without."""
    assert labelled("[{entity}]", CARD) == "[CARD]"
    assert labelled("(removed)", CARD) == "(removed)"
