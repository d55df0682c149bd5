"""The `/v1` endpoints: chat, completions, embeddings and models in OpenAI's shapes."""

from __future__ import annotations

import base64
import secrets
import struct
import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.double import v1_requests as requests
from tests.double.answer import Dialect
from tests.double.chat import run_chat
from tests.double.embed import run_embed
from tests.double.failures import Failure, RefusedFailure
from tests.double.generate import run_generate
from tests.double.go import dumps, omit_empty
from tests.double.listing import describe
from tests.double.names import parse
from tests.double.wire import JSON, JSON_UTF8, SSE, Wire

if TYPE_CHECKING:
    from tests.double.server import OllamaDouble

_KINDS = {400: "invalid_request_error", 404: "not_found_error"}


class V1Dialect(Dialect):
    """What chat and completions share: SSE, usage, errors."""

    stream_type = SSE
    whole_type = JSON

    def __init__(self, prefix: str, request: Mapping[str, Any]) -> None:
        self._id = f"{prefix}-{secrets.randbelow(999)}"
        self._usage = bool((request.get("stream_options") or {}).get("include_usage"))

    async def single(self, wire: Wire, answer: dict[str, Any], stream: bool) -> None:
        """Send a load's object as a stream of one, or as a whole answer."""
        if stream:
            await wire.send(200, self.line(answer), self.stream_type)
        else:
            await wire.send(200, self.whole(answer), self.whole_type)

    def error_line(self, text: str) -> bytes:
        """Write what becomes of an error in a stream: an empty chunk, for the text is lost."""
        nothing = {"model": "", "created_at": "", "message": {"content": ""}, "response": ""}
        return self.line({**nothing, "done": False})

    async def failure(self, wire: Wire, failure: Failure, stream: bool = False) -> None:
        """Send an error object; one of the rewriting itself differs by a line end."""
        kind = _KINDS.get(failure.status, "api_error")
        error = {"message": failure.text, "type": kind, "param": None, "code": None}
        body = dumps({"error": error})
        if isinstance(failure, RefusedFailure):
            await wire.send(failure.status, body, JSON_UTF8)
        else:
            await wire.send(failure.status, body + b"\n", JSON)


class ChatDialect(V1Dialect):
    """Chat chunks; `modern` since 0.32.6: role once, one `created`, a chunk for the finish."""

    def __init__(self, request: Mapping[str, Any], modern: bool) -> None:
        super().__init__("chatcmpl", request)
        self._modern = modern
        self._created = 0
        self._begun = False
        self._called = False

    def line(self, answer: dict[str, Any]) -> bytes:
        """Rewrite one object as one or more events."""
        return self._modern_line(answer) if self._modern else self._old_line(answer)

    def _modern_line(self, answer: dict[str, Any]) -> bytes:
        self._created = self._created or _unix(answer["created_at"])
        message = answer["message"]
        calls = _tool_calls(message)
        said = message["content"] or message.get("thinking") or calls or answer.get("logprobs")
        self._called = self._called or bool(calls)
        events = []
        if not (answer["done"] and self._begun and not said):
            events += [
                self._chunk(answer, delta, logprobs) for delta, logprobs in self._deltas(answer)
            ]
            self._begun = True
        if answer["done"]:
            reason = answer.get("done_reason") or "stop"
            reason = "tool_calls" if reason == "stop" and self._called else reason
            events.append(self._chunk(answer, {}, None, reason))
            events += self._ending(answer)
        return b"".join(events)

    def _deltas(self, answer: dict[str, Any]) -> list[tuple[dict[str, Any], Any]]:
        message, logprobs = answer["message"], answer.get("logprobs")
        role = {} if self._begun else {"role": "assistant"}
        thinking = omit_empty(reasoning=message.get("thinking"))
        calls = omit_empty(tool_calls=_tool_calls(message))
        content = {"content": message["content"]}
        if thinking and (message["content"] or calls):
            return [({**role, **thinking}, logprobs), ({**content, **calls}, None)]
        return [({**role, **content, **thinking, **calls}, logprobs)]

    def _old_line(self, answer: dict[str, Any]) -> bytes:
        self._created = _unix(answer["created_at"])
        message = answer["message"]
        calls = _tool_calls(message)
        self._called = self._called or bool(calls)
        reason = answer.get("done_reason") or None
        delta = {
            "role": "assistant",
            "content": message["content"],
            **omit_empty(reasoning=message.get("thinking"), tool_calls=calls),
        }
        reason = "tool_calls" if reason and self._called else reason
        event = self._chunk(answer, delta, answer.get("logprobs"), reason)
        return b"".join([event, *(self._ending(answer) if answer["done"] else [])])

    def _chunk(
        self, answer: dict[str, Any], delta: Any, logprobs: Any, reason: str | None = None
    ) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, **_logprobs(logprobs)}
        return _event({**self._head(answer), "choices": [choice]})

    def _head(self, answer: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": answer["model"],
            "system_fingerprint": "fp_ollama",
        }

    def _ending(self, answer: dict[str, Any]) -> list[bytes]:
        usage = {**self._head(answer), "choices": [], "usage": _usage(answer)}
        return [*([_event(usage)] if self._usage else []), b"data: [DONE]\n\n"]

    def whole(self, answer: dict[str, Any]) -> bytes:
        """Rewrite a whole answer."""
        message = answer["message"]
        calls = _tool_calls(message)
        reason = answer.get("done_reason") or None
        if calls and (reason == "stop" or (reason and not self._modern)):
            reason = "tool_calls"
        said = {
            "role": "assistant",
            "content": message["content"],
            **omit_empty(reasoning=message.get("thinking"), tool_calls=calls),
        }
        choice = {"index": 0, "message": said, "finish_reason": reason}
        head = {"object": "chat.completion", "created": _unix(answer["created_at"])}
        body = {
            **self._head(answer),
            **head,
            "choices": [{**choice, **_logprobs(answer.get("logprobs"))}],
            "usage": _usage(answer),
        }
        return dumps(body) + b"\n"


class CompletionDialect(V1Dialect):
    """Completion chunks."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        super().__init__("cmpl", request)

    def line(self, answer: dict[str, Any]) -> bytes:
        """Rewrite one object as events."""
        zero = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        chunk = self._chunk(answer)
        events = [_event({**chunk, **({"usage": zero} if self._usage else {})})]
        if answer["done"]:
            if self._usage:
                events.append(_event({**chunk, "choices": [], "usage": _usage(answer)}))
            events.append(b"data: [DONE]\n\n")
        return b"".join(events)

    def whole(self, answer: dict[str, Any]) -> bytes:
        """Rewrite a whole answer."""
        chunk = self._chunk(answer)
        choices = chunk.pop("choices")
        return dumps({**chunk, "choices": choices, "usage": _usage(answer)}) + b"\n"

    def _chunk(self, answer: dict[str, Any]) -> dict[str, Any]:
        reason = answer.get("done_reason") or None
        return {
            "id": self._id,
            "object": "text_completion",
            "created": int(time.time()),
            "choices": [{"text": answer["response"], "index": 0, "finish_reason": reason}],
            "model": answer["model"],
            "system_fingerprint": "fp_ollama",
        }


async def chat(server: OllamaDouble, wire: Wire) -> None:
    """Answer `/v1/chat/completions`."""
    request = requests.read(wire.received.body, requests.CHAT)
    dialect = ChatDialect(request, server.modern)
    await run_chat(server, wire, requests.native_chat(request), dialect)


async def completions(server: OllamaDouble, wire: Wire) -> None:
    """Answer `/v1/completions`."""
    request = requests.read(wire.received.body, requests.COMPLETION)
    native = requests.native_generate(request)
    await run_generate(server, wire, native, CompletionDialect(request))


async def embeddings(server: OllamaDouble, wire: Wire) -> None:
    """Answer `/v1/embeddings`."""
    request = requests.read(wire.received.body, requests.EMBED)
    answer = await run_embed(server, wire, requests.native_embed(request))
    packed = (request.get("encoding_format") or "").lower() == "base64"
    tokens = answer.get("prompt_eval_count", 0)
    rows = [
        {"object": "embedding", "embedding": _base64(each) if packed else each, "index": index}
        for index, each in enumerate(answer["embeddings"])
    ]
    body = {
        "object": "list",
        "data": rows or None,
        "model": answer["model"],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }
    await wire.send(200, dumps(body) + b"\n", JSON)


async def models(server: OllamaDouble, wire: Wire) -> None:
    """Answer `/v1/models`; `data` is null when there are none."""
    rows = [_model(each.short, each.modified_ns // 10**9) for each in server.models]
    await wire.send(200, dumps({"object": "list", "data": rows or None}) + b"\n", JSON)


async def model(server: OllamaDouble, wire: Wire) -> None:
    """Answer `/v1/models/NAME`."""
    asked = wire.received.path.removeprefix("/v1/models/")
    answer = await describe(server, wire, asked, {})
    await wire.send(200, dumps(_model(asked, _unix(answer["modified_at"]))) + b"\n", JSON)


def _model(name: str, created: int) -> dict[str, Any]:
    owner = parse(name).namespace
    return {"id": name, "object": "model", "created": created, "owned_by": owner}


def _event(value: dict[str, Any]) -> bytes:
    return b"data: " + dumps(value) + b"\n\n"


def _unix(moment: str) -> int:
    if not moment:
        return int(time.time())
    seconds = f"{moment[:19]}{'+00:00' if moment.endswith('Z') else moment[-6:]}"
    return int(datetime.fromisoformat(seconds).timestamp())


def _usage(answer: Mapping[str, Any]) -> dict[str, int]:
    prompt, said = answer.get("prompt_eval_count", 0), answer.get("eval_count", 0)
    return {"prompt_tokens": prompt, "completion_tokens": said, "total_tokens": prompt + said}


def _logprobs(entries: Any) -> dict[str, Any]:
    return {"logprobs": {"content": entries}} if entries else {}


def _tool_calls(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "id": call["id"],
            "index": call["function"]["index"],
            "type": "function",
            "function": {
                "name": call["function"]["name"],
                "arguments": dumps(call["function"]["arguments"]).decode(),
            },
        }
        for call in message.get("tool_calls", [])
    ]


def _base64(numbers: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
