"""What becomes of finds."""

import pytest

from localai import Decision, InvalidRequest
from plugins.guardrails.pii.acting import Acting
from plugins.guardrails.pii.actions import Action, Treatment
from plugins.guardrails.stream.filter import Blocked
from plugins.guardrails.texts import Place

PLACE = Place("messages[3].content", "user")
VALUE = "4111 1111 1111 1111"


def card(action: Action) -> Treatment:
    """Return a treatment of cards."""
    return Treatment(name="card", label="CARD", action=action)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("flag", None),
        ("redact", "[CARD]"),
        ("mask", "**** **** **** 1111"),
        ("pseudonymise", "<CARD_1>"),
    ],
)
def test_requests(action: Action, expected: str | None) -> None:
    """In requests each action puts its own in place of a value."""
    acting = Acting("[{entity}]")
    assert acting.request(PLACE, card(action), VALUE) == expected
    assert bool(acting.pseudonyms) is (action == "pseudonymise")


def test_a_blocked_request_is_explained() -> None:
    """The refusal names the place and the entity and says what to do, without the value."""
    with pytest.raises(InvalidRequest) as caught:
        Acting("").request(PLACE, card("block"), VALUE)
    error = caught.value
    assert "messages[3].content" in error.message
    assert "'card'" in error.message
    assert "take it out" in error.message
    assert (error.param, error.code) == ("messages[3].content", "content_filter")
    assert "4111" not in error.message


@pytest.mark.parametrize(
    ("action", "expected"),
    [("flag", None), ("redact", "(CARD)"), ("mask", "**** **** **** 1111")],
)
def test_answers(action: Action, expected: str | None) -> None:
    """In answers each action puts its own in place of a value."""
    assert Acting("({entity})").answer(card(action), VALUE) == expected


def test_a_blocked_answer_ends() -> None:
    """A find that is to be blocked ends the answer."""
    with pytest.raises(Blocked):
        Acting("").answer(card("block"), VALUE)


def test_finds_are_counted() -> None:
    """Each find is counted by action and direction, also one that blocks, never with its text."""
    acting = Acting("")
    acting.request(PLACE, card("mask"), VALUE)
    acting.request(PLACE, card("mask"), VALUE)
    with pytest.raises(Blocked):
        acting.answer(card("block"), VALUE)
    decisions: list[Decision] = []
    acting.findings.report(decisions)
    assert [(each.rule, each.action, each.direction, each.count) for each in decisions] == [
        ("card", "mask", "input", 2),
        ("card", "block", "output", 1),
    ]
    assert all(each.guard == "pii" and len(each.hashes) == 1 for each in decisions)
    assert "4111" not in repr(decisions)
