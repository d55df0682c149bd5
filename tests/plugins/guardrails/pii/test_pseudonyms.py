"""Placeholders, and the way back."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localai import InvalidRequest
from plugins.guardrails.pii import pseudonyms as module
from plugins.guardrails.pii.pseudonyms import PLACEHOLDER, Pseudonyms

LABELS = st.sampled_from(["EMAIL", "CARD", "US_SSN"])


def test_numbers_count_for_each_label() -> None:
    """Placeholders count from 1 for each label, in the order of appearance."""
    pseudonyms = Pseudonyms()
    assert not pseudonyms
    given = [
        pseudonyms.placeholder(label, value)
        for label, value in [("EMAIL", "a@b.co"), ("CARD", "4111"), ("EMAIL", "c@d.co")]
    ]
    assert given == ["<EMAIL_1>", "<CARD_1>", "<EMAIL_2>"]
    assert len(pseudonyms) == 3


@settings(deadline=None)
@given(st.lists(st.tuples(LABELS, st.text())))
def test_the_same_value_has_the_same_placeholder(values: list[tuple[str, str]]) -> None:
    """Each placeholder is of the form that is looked for, stands for one value, and leads back."""
    pseudonyms = Pseudonyms()
    made = {each: pseudonyms.placeholder(*each) for each in values}
    again = Pseudonyms()
    for each in values:
        assert pseudonyms.placeholder(*each) == made[each] == again.placeholder(*each)
        assert re.fullmatch(PLACEHOLDER.pattern, made[each])
        assert pseudonyms.original(PLACEHOLDER, made[each]) == each[1]
    assert len(set(made.values())) == len(made) == len(pseudonyms)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("<EMAIL_1>", 2),
        ("EMAIL_1", 2),
        ("\\u003cEMAIL_1\\u003e", 2),
        ("&lt;EMAIL_1&gt; <EMAIL_2>", 3),
        ("<CARD_1>", 2),
        ("<EMAIL_2>", 1),
        ("x_1 _1", 1),
    ],
)
def test_numbers_of_the_callers_are_skipped(text: str, number: int) -> None:
    """A number that the caller's text has in a placeholder, however written, is given to none."""
    pseudonyms = Pseudonyms()
    pseudonyms.avoid(text)
    assert pseudonyms.placeholder("EMAIL", "a@b.co") == f"<EMAIL_{number}>"
    assert pseudonyms.original(PLACEHOLDER, f"<EMAIL_{3 - number}>") is None


def test_too_many_values_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is bounded: a request with more values is refused, and says what to do."""
    monkeypatch.setattr(module, "MOST_VALUES", 2)
    pseudonyms = Pseudonyms()
    for value in ("a", "b", "a"):
        pseudonyms.placeholder("EMAIL", value)
    with pytest.raises(InvalidRequest, match="send less at a time"):
        pseudonyms.placeholder("EMAIL", "c")


def test_numbers_stay_within_the_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that has taken all numbers is refused, as its values could not come back."""
    monkeypatch.setattr(module, "HIGHEST", 3)
    pseudonyms = Pseudonyms()
    pseudonyms.avoid("A_1 A_3")
    assert pseudonyms.placeholder("EMAIL", "a") == "<EMAIL_2>"
    with pytest.raises(InvalidRequest, match="send less at a time"):
        pseudonyms.placeholder("EMAIL", "b")
