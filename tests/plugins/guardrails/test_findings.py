"""What a guard finds, gathered."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localai import Decision
from plugins.guardrails import findings as module
from plugins.guardrails.findings import MOST_HASHES, Findings, fingerprint, use_key

FOUND = st.tuples(
    st.sampled_from(["card", "email"]),
    st.sampled_from(["redact", "flag"]),
    st.sampled_from(["input", "output"]),
    st.text(max_size=3),
)


@given(st.lists(FOUND, max_size=40))
def test_finds_are_counted_by_rule_action_and_direction(
    found: list[tuple[str, str, str, str]],
) -> None:
    """There is one decision for each kind of find, with how often and at most 8 hashes."""
    findings = Findings("pii")
    for rule, action, direction, text in found:
        findings.add(rule, action, direction, text)  # type: ignore[arg-type]
    decisions: list[Decision] = []
    findings.report(decisions)
    kinds = [(each.rule, each.action, each.direction) for each in decisions]
    assert sorted(set(kinds)) == sorted(kinds)
    assert set(kinds) == {each[:3] for each in found}
    assert sum(each.count for each in decisions) == len(found)
    assert all(len(each.hashes) <= MOST_HASHES for each in decisions)
    findings.report(decisions)
    assert len(decisions) == len(kinds)


def test_the_text_is_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A decision holds hashes, from which nobody without the key can tell the text."""
    monkeypatch.setattr(module, "_key", b"one")
    findings = Findings("pii")
    findings.add("card", "redact", "output", "4111 1111 1111 1111")
    decisions: list[Decision] = []
    findings.report(decisions)
    assert "4111" not in repr(decisions)
    assert re.fullmatch("[0-9a-f]{16}", decisions[0].hashes[0])
    before = fingerprint("x")
    use_key(b"another")
    assert fingerprint("x") != before
    assert fingerprint("x") == fingerprint("x")
    fingerprint("\ud800")
