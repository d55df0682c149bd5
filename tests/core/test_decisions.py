"""Decisions, as a header tells them."""

import re

from hypothesis import given
from hypothesis import strategies as st

from core.decisions import MOST_TOLD, Decision, summary

DECISIONS = st.lists(
    st.builds(
        Decision,
        guard=st.text(min_size=1, max_size=8),
        rule=st.text(max_size=8),
        action=st.sampled_from(["redact", "block", "flag"]),
        direction=st.sampled_from(["input", "output"]),
        count=st.integers(1, 10**6),
    ),
    max_size=20,
)


def test_a_decision_says_who_did_what() -> None:
    """Guard, rule, action, direction and how often; never a hash or a score."""
    one = Decision(guard="pii", rule="card", action="redact", direction="output", count=2)
    two = Decision(guard="input", rule="num_gpu", action="drop", direction="input", hashes=("x",))
    assert summary([one, two]) == "pii.card=redact;output;count=2, input.num_gpu=drop;input"
    assert summary([]) == ""


@given(DECISIONS)
def test_whatever_a_rule_is_called_the_header_is_one(decisions: list[Decision]) -> None:
    """Its characters are those that a header may have, and it stays short."""
    header = summary(decisions)
    assert re.fullmatch(r"[\x20-\x7e]*", header)
    assert header.count(", ") <= MOST_TOLD
    if len(decisions) > MOST_TOLD:
        assert header.endswith(f"more={len(decisions) - MOST_TOLD}")
