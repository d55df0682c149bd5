"""A rule says what to find."""

from plugins.guardrails.stream.rule import Rule


def test_a_rule_needs_a_name_and_a_pattern_only() -> None:
    """All else is off, and rules can be keys."""
    rule = Rule(name="X", pattern="a")
    assert (rule.not_after, rule.not_before, rule.until, rule.most) == ("", "", "", 0)
    assert rule.is_valid is None
    assert not rule.ignore_case
    assert {rule: 1}[Rule(name="X", pattern="a")] == 1
