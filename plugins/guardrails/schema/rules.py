"""What the answer to one call has to be: by its own schema, by the file's pattern, by its tools."""

import json
from dataclasses import dataclass
from typing import Any

import msgspec

from localai import Call, InvalidRequest
from plugins.guardrails.schema.judge import Flaw, Question

ANY_OBJECT = '{"type":"object"}'
"""What `"json"` asks for, as Ollama and OpenAI read it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that a text has to be."""

    schema: str
    """As JSON."""
    param: str
    """Where the request has it, in the caller's words; empty for the file's pattern."""
    is_json: bool = True

    def asks(self, text: str | None = None) -> Question:
        """Return the question whether a text fits; without a text, whether the schema is one."""
        return Question(self.schema, text, self.is_json)

    def refusal(self, flaw: Flaw) -> InvalidRequest:
        """Return what its caller is told of a schema that is none."""
        return refused(self.param, f"{flaw.place or 'the schema'}: {flaw.hint}")


def refused(param: str, why: str) -> InvalidRequest:
    """Return what the caller is told whose schema can't be used."""
    return InvalidRequest(
        f"{param} can't be used: {why}; correct the schema, or leave it out",
        param=param,
        code="invalid_json_schema",
    )


def format_rule(call: Call, most: int) -> Rule | None:
    """Return the rule that a request has for its answer; raise `InvalidRequest` if it is too long.

    `most` is in bytes of JSON.
    """
    if call.format == "json":
        return Rule(ANY_OBJECT, "")
    if not isinstance(call.format, dict):
        return None
    is_openai = call.dialect == "openai"
    param = "response_format.json_schema.schema" if is_openai else "format"
    return Rule(_encoded(call.format, param, most), param)


def tool_rules(call: Call, most: int) -> dict[str, Rule]:
    """Return the rules of the tools' arguments by the tools' names."""
    rules = {}
    for at, tool in enumerate(call.tools):
        function = tool["function"]
        param = f"tools[{at}].function.parameters"
        parameters = function.get("parameters") or {}
        rules[function["name"]] = Rule(_encoded(parameters, param, most), param)
    return rules


def pattern_rule(pattern: str) -> Rule:
    """Return the rule that a whole text matches a regular expression (ECMA-262, linear time)."""
    schema = {"type": "string", "pattern": f"^(?:{pattern})$"}
    return Rule(json.dumps(schema), "", is_json=False)


def _encoded(schema: Any, param: str, most: int) -> str:
    encoded = msgspec.json.encode(schema)
    if len(encoded) > most:
        raise refused(param, f"{len(encoded)} bytes are more than the {most} allowed")
    return encoded.decode()
