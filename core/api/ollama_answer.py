"""`Chunk`s → what Ollama's clients read: NDJSON in ASCII, with no blank lines."""

from datetime import UTC, datetime
from typing import Any

from core.api.dialects import ascii_json
from core.messages import Call, Chunk, ToolCall
from core.told_cost import told_cost


class ChatForm:
    """Answers of /api/chat."""

    def __init__(self, call: Call) -> None:
        self._model = call.model

    def whole(self, answer: Chunk) -> bytes:
        """Return the one object of a plain answer."""
        message = {"role": "assistant", "content": answer.content}
        return self._object(answer, {"message": message | _extras(answer)})

    def begin(self, first: Chunk) -> bytes:
        """Return nothing: a stream has no head of its own."""
        return b""

    def piece(self, chunk: Chunk) -> bytes:
        """Return the line of a chunk."""
        return self.whole(chunk) + b"\n"

    def end(self) -> bytes:
        """Return nothing: the last line says `done`."""
        return b""

    def beat(self, text: str) -> bytes:
        """Return a line without text: this format has no comments, and clients choke on blanks."""
        now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        return self.piece(Chunk(created_at=now))

    def _object(self, chunk: Chunk, said: dict[str, Any]) -> bytes:
        answer = {"model": chunk.model or self._model, "created_at": chunk.created_at} | said
        answer["done"] = chunk.done
        if chunk.done_reason:
            answer["done_reason"] = chunk.done_reason
        if chunk.context:
            answer["context"] = chunk.context
        if chunk.logprobs:
            answer["logprobs"] = chunk.logprobs
        if chunk.done:
            answer |= counts(chunk)
        return ascii_json(answer)


class GenerateForm(ChatForm):
    """Answers of /api/generate."""

    def whole(self, answer: Chunk) -> bytes:
        """Return the one object of a plain answer."""
        return self._object(answer, {"response": answer.content} | _extras(answer))


def embed(answer: Chunk, call: Call) -> bytes:
    """Return the answer of /api/embed."""
    head = {"model": answer.model or call.model, "embeddings": answer.embeddings}
    return ascii_json(head | counts(answer))


def embeddings(answer: Chunk) -> bytes:
    """Return the answer of /api/embeddings: one vector, or none."""
    return ascii_json({"embedding": answer.embeddings[0] if answer.embeddings else []})


def counts(chunk: Chunk) -> dict[str, Any]:
    """Return the counts and durations that are not zero, as Ollama leaves those out.

    What the answer took of the machine follows under `x_localai`, which clients pass over.
    """
    found = {name: getattr(chunk, name) for name in _COUNTS}
    counted: dict[str, Any] = {name: value for name, value in found.items() if value}
    if (told := told_cost(chunk)) is not None:
        counted["x_localai"] = told
    return counted


_COUNTS = (
    "total_duration",
    "load_duration",
    "prompt_eval_count",
    "prompt_eval_duration",
    "eval_count",
    "eval_duration",
)


def _extras(chunk: Chunk) -> dict[str, Any]:
    extras: dict[str, Any] = {}
    if chunk.thinking:
        extras["thinking"] = chunk.thinking
    if chunk.tool_calls:
        extras["tool_calls"] = [_tool_call(call) for call in chunk.tool_calls]
    return extras


def _tool_call(call: ToolCall) -> dict[str, Any]:
    function = {
        "index": call.function.index,
        "name": call.function.name,
        "arguments": call.function.arguments,
    }
    return ({"id": call.id} if call.id else {}) | {"function": function}
