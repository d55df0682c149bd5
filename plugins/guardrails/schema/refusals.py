"""What callers are told instead of an invalid answer: the rule and its place, never the text."""

from localai import GatewayError, Unavailable, UpstreamFailed
from plugins.guardrails.schema.judge import Flaw

CODE = "invalid_output"

CUT = Flaw("length")
"""The answer ended because it had as many tokens as it may have."""
TOO_LONG = Flaw("max_characters")
"""The answer is longer than what is checked."""
UNDECIDED = Flaw("deadline")
"""There was no verdict in time."""
NO_TOOL = Flaw("tool")
"""A tool is called that the request does not have."""
PATTERN = "file_pattern"
"""The rule of the file's pattern."""

_WHY = {
    CUT.rule: "was cut at its limit of tokens: allow it more (max_tokens, num_predict, num_ctx)",
    TOO_LONG.rule: "is longer than what can be checked: ask for less",
    NO_TOOL.rule: "calls a tool that the request does not have: ask again",
    PATTERN: "does not match the pattern that this router requires: ask again",
    "json": "is not valid JSON: ask again",
}


class InvalidOutput(UpstreamFailed):
    """The model's answer is not what it has to be."""

    def __init__(self, message: str) -> None:
        super().__init__(message, status=502, code=CODE)


class CutOutput(InvalidOutput):
    """The answer has no end; the same request would be cut again."""

    retry = False


def refusal(flaw: Flaw) -> GatewayError:
    """Return the error that stands for an invalid answer."""
    return _error(flaw, "the model's answer", "the JSON schema")


def tool_refusal(flaw: Flaw) -> GatewayError:
    """Return the error that stands for an invalid tool call."""
    if flaw is NO_TOOL:
        return refusal(flaw)
    return _error(flaw, "the model's call of a tool", "the tool's parameters")


def _error(flaw: Flaw, subject: str, schema: str) -> GatewayError:
    if flaw is UNDECIDED:
        return Unavailable(f"{subject} could not be checked in time: try again", retry_after=1)
    kind = CutOutput if flaw is CUT else InvalidOutput
    why = _WHY.get(flaw.rule)
    if why is None:
        place = flaw.place or "/"
        why = f"does not fit {schema} ('{flaw.rule}' at {place}): ask again, or simplify that"
    return kind(f"{subject} {why}")
