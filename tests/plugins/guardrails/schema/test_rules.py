"""What an answer has to be."""

import json
from typing import Any

import pytest

from localai import InvalidRequest
from plugins.guardrails.schema.judge import Flaw, Question
from plugins.guardrails.schema.rules import (
    ANY_OBJECT,
    Rule,
    format_rule,
    pattern_rule,
    tool_rules,
)
from plugins.guardrails.schema.worker import Judgement
from tests.plugins.guardrails.schema.support import NUMBERED
from tests.plugins.support import a_call

MOST = 1_000


@pytest.mark.parametrize("wanted", [None, "", "yaml"])
def test_most_requests_have_no_rule(wanted: Any) -> None:
    """Without a schema there is nothing to check."""
    assert format_rule(a_call(format=wanted), MOST) is None


def test_json_means_any_object() -> None:
    """The word `json` asks for an object, as both APIs read it."""
    assert format_rule(a_call(format="json"), MOST) == Rule(ANY_OBJECT, "")


@pytest.mark.parametrize(
    ("dialect", "param"),
    [("openai", "response_format.json_schema.schema"), ("ollama", "format")],
)
def test_a_schema_is_named_as_its_caller_names_it(dialect: str, param: str) -> None:
    """Whoever must correct a schema is told where it stands, and what is wrong."""
    rule = format_rule(a_call(format=NUMBERED, dialect=dialect), MOST)
    assert rule is not None
    assert json.loads(rule.schema) == NUMBERED
    error = rule.refusal(Flaw("schema", "/properties/n", "it is wrong"))
    assert error.param == param
    assert error.message.startswith(f"{param} can't be used: /properties/n: it is wrong; ")


def test_an_empty_schema_still_asks_for_json() -> None:
    """An empty object is the schema of all values, not the lack of a schema."""
    assert format_rule(a_call(format={}), MOST) == Rule("{}", "format")


def test_large_schemas_are_refused() -> None:
    """A schema above the limit is refused with both sizes."""
    with pytest.raises(InvalidRequest, match="bytes are more than the 1000 allowed"):
        format_rule(a_call(format={"const": "x" * MOST}), MOST)


def test_tools_have_rules_by_their_names() -> None:
    """Parameters are named with the tool's number; a tool without any takes anything."""
    tools = (
        {"type": "function", "function": {"name": "a", "parameters": NUMBERED}},
        {"type": "function", "function": {"name": "b"}},
    )
    rules = tool_rules(a_call(tools=tools), MOST)
    assert json.loads(rules["a"].schema) == NUMBERED
    assert rules["b"] == Rule("{}", "tools[1].function.parameters")


def test_a_pattern_is_for_the_whole_text() -> None:
    """Alternatives, and anchors of its own, do not loosen that."""
    rule = pattern_rule("a|bc")
    assert rule.asks("a") == Question(rule.schema, "a", False)
    verdicts = {
        text: Judgement().answer(rule.schema, text, False) is None
        for text in ("a", "bc", "", "ac", "xa", "a\n", "\na")
    }
    assert [text for text, fits in verdicts.items() if fits] == ["a", "bc"]
