"""`Chunk`s → what OpenAI's clients read."""

import array
import base64
import sys
import time
from typing import Any

import msgspec

from core.ids import new_id
from core.messages import Call, Chunk, ToolCall
from core.told_cost import told_cost

FINGERPRINT = "fp_localai"

_encode = msgspec.json.Encoder().encode


class ChatForm:
    """A chat completion, as one object or as events; one id and one `created` for all of it."""

    def __init__(self, call: Call, *, usage: bool = False, one_tool_call: bool = False) -> None:
        self._id = new_id("chatcmpl-")
        self._created = int(time.time())
        self._model = call.model
        self._logprobs = call.logprobs
        self._usage = usage
        self._one_tool_call = one_tool_call
        self._called = 0
        self._prefix = b""
        self._after_delta = b',"finish_reason":null}]' + self._null_usage() + b"}\n\n"

    def whole(self, answer: Chunk) -> bytes:
        """Return a `chat.completion`."""
        calls = self._tool_calls(answer.tool_calls)
        message: dict[str, Any] = {
            "role": "assistant",
            "content": answer.content if answer.content or not calls else None,
            "refusal": None,
        }
        if answer.thinking:
            message["reasoning"] = answer.thinking
        if calls:
            message["tool_calls"] = [
                {key: value for key, value in call.items() if key != "index"} for call in calls
            ]
        choice = {
            "index": 0,
            "message": message,
            "logprobs": _logprobs(answer) if self._logprobs else None,
            "finish_reason": finish_reason(answer, bool(calls)),
        }
        return _encode(
            {
                "id": self._id,
                "object": "chat.completion",
                "created": self._created,
                "model": answer.model or self._model,
                "system_fingerprint": FINGERPRINT,
                "choices": [choice],
                "usage": usage_of(answer),
            }
        )

    def begin(self, first: Chunk) -> bytes:
        """Return the event that names the role, which comes once."""
        head = {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": first.model or self._model,
            "system_fingerprint": FINGERPRINT,
        }
        self._prefix = b"data: " + _encode(head)[:-1] + b',"choices":['
        return self._event(b'{"role":"assistant","content":""}')

    def piece(self, chunk: Chunk) -> bytes:
        """Return the events of a chunk: thinking, content, tool calls, and the finish."""
        only_text = not (chunk.thinking or chunk.tool_calls or chunk.done or chunk.logprobs)
        if only_text:
            # By far the most frequent case: a token.
            return self._event(b'{"content":' + _encode(chunk.content) + b"}")
        events = []
        if chunk.thinking:
            events.append(self._event(b'{"reasoning":' + _encode(chunk.thinking) + b"}"))
        if chunk.content or (self._logprobs and chunk.logprobs):
            delta = b'{"content":' + _encode(chunk.content) + b"}"
            events.append(self._event(delta, _logprobs(chunk) if self._logprobs else None))
        if calls := self._tool_calls(chunk.tool_calls):
            events.append(self._event(_encode({"tool_calls": calls})))
        if chunk.done:
            events.append(self._finish(chunk))
        return b"".join(events)

    def end(self) -> bytes:
        """Return the marker that all is said."""
        return b"data: [DONE]\n\n"

    def beat(self, text: str) -> bytes:
        """Return a comment, which readers of events skip (HTML standard §9.2.6)."""
        return comment(text)

    def _event(self, delta: bytes, logprobs: dict[str, Any] | None = None) -> bytes:
        said = b"" if logprobs is None else b',"logprobs":' + _encode(logprobs)
        return b"".join((self._prefix, b'{"index":0,"delta":', delta, said, self._after_delta))

    def _finish(self, chunk: Chunk) -> bytes:
        choice = {
            "index": 0,
            "delta": {},
            "finish_reason": finish_reason(chunk, self._called > 0),
        }
        event = self._prefix + _encode(choice) + b"]" + self._null_usage() + b"}\n\n"
        if self._usage:
            event += self._prefix + b'],"usage":' + _encode(usage_of(chunk)) + b"}\n\n"
        return event

    def _null_usage(self) -> bytes:
        return b',"usage":null' if self._usage else b""

    def _tool_calls(self, calls: tuple[ToolCall, ...]) -> list[dict[str, Any]]:
        made = []
        for call in calls:
            if self._one_tool_call and self._called:
                break
            made.append(
                {
                    "index": self._called,
                    "id": call.id or new_id("call_", bits=32),
                    "type": "function",
                    "function": {
                        "name": call.function.name,
                        "arguments": _encode(call.function.arguments).decode(),
                    },
                }
            )
            self._called += 1
        return made


class CompletionForm:
    """A text completion."""

    def __init__(self, call: Call, *, usage: bool = False, echo: bool = False) -> None:
        self._head: dict[str, Any] = {
            "id": new_id("cmpl-"),
            "object": "text_completion",
            "created": int(time.time()),
            "model": call.model,
            "system_fingerprint": FINGERPRINT,
        }
        self._logprobs = call.logprobs
        self._usage = usage
        self._echo = call.prompt if echo else ""
        self._offset = len(self._echo)

    def whole(self, answer: Chunk) -> bytes:
        """Return a `text_completion`."""
        text = self._echo + answer.content
        choice = self._choice(text, answer, finish_reason(answer, False))
        return _encode(self._head | {"choices": [choice], "usage": usage_of(answer)})

    def begin(self, first: Chunk) -> bytes:
        """Return the echo of the prompt, if one is wanted."""
        self._head["model"] = first.model or self._head["model"]
        return self._event(self._choice(self._echo, Chunk(), None)) if self._echo else b""

    def piece(self, chunk: Chunk) -> bytes:
        """Return the event of a chunk, and the finish."""
        event = b""
        if chunk.content:
            event = self._event(self._choice(chunk.content, chunk, None))
        if chunk.done:
            event += self._event(self._choice("", Chunk(), finish_reason(chunk, False)))
            if self._usage:
                last = self._head | {"choices": [], "usage": usage_of(chunk)}
                event += b"data: " + _encode(last) + b"\n\n"
        return event

    def end(self) -> bytes:
        """Return the marker that all is said."""
        return b"data: [DONE]\n\n"

    def beat(self, text: str) -> bytes:
        """Return a comment, which readers of events skip (HTML standard §9.2.6)."""
        return comment(text)

    def _event(self, choice: dict[str, Any]) -> bytes:
        usage = {"usage": None} if self._usage else {}
        return b"data: " + _encode(self._head | {"choices": [choice]} | usage) + b"\n\n"

    def _choice(self, text: str, chunk: Chunk, finish: str | None) -> dict[str, Any]:
        logprobs = None
        if self._logprobs and chunk.logprobs:
            logprobs = self._old_logprobs(chunk)
        return {"text": text, "index": 0, "logprobs": logprobs, "finish_reason": finish}

    def _old_logprobs(self, chunk: Chunk) -> dict[str, Any]:
        """Return the four parallel lists that this endpoint has had since 2020."""
        tokens = [each["token"] for each in chunk.logprobs]
        offsets = []
        for token in tokens:
            offsets.append(self._offset)
            self._offset += len(token)
        return {
            "tokens": tokens,
            "token_logprobs": [each["logprob"] for each in chunk.logprobs],
            "top_logprobs": [
                {top["token"]: top["logprob"] for top in each.get("top_logprobs", ())}
                for each in chunk.logprobs
            ],
            "text_offset": offsets,
        }


def embeddings(answer: Chunk, call: Call, encoding: str | None) -> bytes:
    """Return a list of embeddings, as numbers or as base64 of little-endian float32."""
    return _encode(
        {
            "object": "list",
            "data": [
                {
                    "object": "embedding",
                    "index": index,
                    "embedding": _base64(vector) if encoding == "base64" else vector,
                }
                for index, vector in enumerate(answer.embeddings)
            ],
            "model": answer.model or call.model,
            "usage": {
                "prompt_tokens": answer.prompt_eval_count,
                "total_tokens": answer.prompt_eval_count,
            }
            | _x_localai(answer),
        }
    )


def comment(text: str) -> bytes:
    """Return a comment of an event stream."""
    return b": " + (text or "waiting").encode("ascii", "replace") + b"\n\n"


def finish_reason(chunk: Chunk, called_tools: bool) -> str:
    """Translate Ollama's reason, and a guard's; an unfinished tool call stays `length`."""
    if chunk.done_reason in ("length", "content_filter"):
        return chunk.done_reason
    return "tool_calls" if called_tools else "stop"


def usage_of(chunk: Chunk) -> dict[str, Any]:
    """Return the token counts of a last chunk, and what they took of the machine."""
    usage: dict[str, Any] = {
        "prompt_tokens": chunk.prompt_eval_count,
        "completion_tokens": chunk.eval_count,
        "total_tokens": chunk.prompt_eval_count + chunk.eval_count,
    }
    return usage | _x_localai(chunk)


def _x_localai(chunk: Chunk) -> dict[str, Any]:
    told = told_cost(chunk)
    return {} if told is None else {"x_localai": told}


def _logprobs(chunk: Chunk) -> dict[str, Any]:
    return {"content": [_logprob(each) for each in chunk.logprobs], "refusal": None}


def _logprob(each: dict[str, Any]) -> dict[str, Any]:
    return {
        "token": each["token"],
        "logprob": each["logprob"],
        "bytes": each.get("bytes"),
        "top_logprobs": [
            {"token": top["token"], "logprob": top["logprob"], "bytes": top.get("bytes")}
            for top in each.get("top_logprobs", ())
        ],
    }


def _base64(vector: tuple[float, ...]) -> str:
    floats = array.array("f", vector)
    if sys.byteorder == "big":
        floats.byteswap()
    return base64.b64encode(floats.tobytes()).decode()
