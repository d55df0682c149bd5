"""What the model is going to say."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tests.double.failures import RunnerFailure
from tests.double.faults import Fault
from tests.double.go import dumps, quote

HELLO = (" Hello", " from", " the", " tiny", " test", " model", " today", ".")


@dataclass(slots=True, kw_only=True, eq=False)
class Script:
    """One answer.

    `tokens` of `None` means the tiny model's usual sentence, or a value that fits `format`.
    `thinking` is left out unless the request lets the model think. A tool call is
    `{"name": …, "arguments": {…}}`. `done_reason` may be `""` (none), `prompt_tokens` of `None`
    counts the prompt's words. `logprobs` holds one list per token; `None` makes some up when
    asked. `pace` is the pause before each token in seconds; `gate` must be set before the token
    number `gate_at`. `prompt_ns` and `eval_ns` are the reported durations; `None` measures.
    """

    tokens: Sequence[str] | None = None
    thinking: Sequence[str] = ()
    tool_calls: Sequence[Mapping[str, Any]] = ()
    done_reason: str = "stop"
    prompt_tokens: int | None = None
    logprobs: Sequence[Sequence[Mapping[str, Any]]] | None = None
    pace: float = 0.0
    gate: asyncio.Event | None = None
    gate_at: int = 0
    prompt_ns: int = 13_074_791
    eval_ns: int | None = None
    fault: Fault | None = None

    def fit(self, request: Mapping[str, Any]) -> "Script":
        """Apply the request's `format`, `stop` and `num_predict`."""
        tokens = self.tokens
        if tokens is None:
            tokens = _formatted(request.get("format")) or HELLO
        else:
            _formatted(request.get("format"))
        options = request.get("options") or {}
        tokens = _stopped(tokens, options.get("stop") or ())
        limit = options.get("num_predict") or -1
        if 0 < limit < len(tokens):
            return replace(self, tokens=tokens[:limit], done_reason="length", tool_calls=())
        return replace(self, tokens=tokens)


def _formatted(wanted: Any) -> tuple[str, ...]:
    if wanted in (None, ""):
        return ()
    if wanted == "json":
        return ('{"answer":', '"yes"}')
    if not isinstance(wanted, dict):
        shown = quote(dumps(wanted).decode())
        text = f'invalid format: {shown}; expected "json" or a valid JSON Schema object'
        raise RunnerFailure(500, text)
    text = json.dumps(example(wanted), ensure_ascii=False)
    return (text[: len(text) // 2], text[len(text) // 2 :]) if len(text) > 1 else (text,)


def example(schema: Mapping[str, Any]) -> Any:
    """Make a small value that is valid for a simple JSON schema."""
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf"):
        if schema.get(choice):
            return example(schema[choice][0])
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        properties = schema.get("properties", {})
        return {key: example(properties[key]) for key in properties}
    if kind == "array":
        return [example(schema.get("items", {"type": "null"}))] * schema.get("minItems", 0)
    if kind in ("integer", "number"):
        return schema.get("minimum", 0)
    if kind == "string":
        return "a" * schema.get("minLength", 1)
    return False if kind == "boolean" else None


def _stopped(tokens: Sequence[str], stops: Sequence[str]) -> Sequence[str]:
    text = "".join(tokens)
    ends = [text.index(stop) for stop in stops if stop and stop in text]
    if not ends:
        return tokens
    room, kept = min(ends), []
    for token in tokens:
        if room <= 0:
            break
        kept.append(token[:room])
        room -= len(token)
    return kept
