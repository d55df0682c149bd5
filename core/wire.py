"""Ollama's own wire format: a `Call` becomes a request body, a line becomes a `Chunk`."""

from typing import Any

import aiohttp
import msgspec
from msgspec import Struct

from core.errors import UnsupportedParameter, UpstreamInvalid
from core.failures import from_error
from core.messages import Call, Chunk, Message, Options, ToolCall


class _Body(Struct, omit_defaults=True, kw_only=True):
    model: str
    keep_alive: float | str | None = None
    options: Options = Options()


class _Inference(_Body, omit_defaults=True, kw_only=True):
    stream: bool
    format: str | dict[str, Any] | None = None
    think: bool | str | None = None
    logprobs: bool = False
    top_logprobs: int = 0
    truncate: bool | None = None
    shift: bool | None = None


class _Chat(_Inference, omit_defaults=True, kw_only=True):
    messages: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...] = ()


class _Generate(_Inference, omit_defaults=True, kw_only=True):
    prompt: str
    suffix: str = ""
    system: str = ""
    template: str = ""
    context: tuple[int, ...] = ()
    raw: bool = False
    images: tuple[str, ...] = ()


class _Embed(_Body, omit_defaults=True, kw_only=True):
    input: tuple[str, ...]
    truncate: bool | None = None
    dimensions: int | None = None


_FORMS: dict[str, tuple[str, type[_Body]]] = {
    "chat": ("/api/chat", _Chat),
    "generate": ("/api/generate", _Generate),
    "embed": ("/api/embed", _Embed),
}
_encode = msgspec.json.Encoder().encode
_fields = {kind: form.__struct_fields__ for kind, (_, form) in _FORMS.items()}


def request(call: Call) -> tuple[str, bytes]:
    """Return the path and the body of a call, written anew from checked values only.

    Raises `UnsupportedParameter` for a file that no plugin has taken out of the call.
    """
    path, form = _FORMS[call.kind]
    values = {name: getattr(call, name) for name in _fields[call.kind] if name != "input"}
    if call.kind == "embed":
        values["input"] = call.inputs
    for message in call.messages:
        if message.files or message.image_types:
            values["messages"] = tuple(map(_readable, call.messages, range(len(call.messages))))
            break
    return path, _encode(form(**values))


def _readable(message: Message, at: int) -> Message:
    """Return a message without what Ollama does not read."""
    if message.files:
        raise UnsupportedParameter(
            'files are not read here: send text or images, or add "guardrails.uploads" to [chain] '
            "plugins",
            param=f"messages[{at}].content",
        )
    return message.replace(image_types=()) if message.image_types else message


class _LineMessage(Struct):
    content: str = ""
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()


class _Line(Struct):
    """Any answer of /api/chat, /api/generate or /api/embed."""

    message: _LineMessage | None = None
    response: str = ""
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    embeddings: tuple[tuple[float, ...], ...] | None = None
    context: tuple[int, ...] = ()
    logprobs: tuple[dict[str, Any], ...] | None = None
    model: str = ""
    created_at: str = ""
    done: bool = False
    done_reason: str = ""
    total_duration: int = 0
    load_duration: int = 0
    prompt_eval_count: int = 0
    prompt_eval_duration: int = 0
    eval_count: int = 0
    eval_duration: int = 0
    error: Any = None


_decode = msgspec.json.Decoder(_Line).decode


def chunk(line: bytes, call: Call) -> Chunk:
    """Read one line of an answer; raise what it reports, or `UpstreamInvalid`."""
    try:
        found = _decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise UpstreamInvalid("Ollama sent something that is not an answer of its own") from None
    if found.error is not None:
        raise from_error(500, found.error, call.model, call.kind)
    said = found.message
    if said is None:
        said = _LineMessage(found.response, found.thinking, found.tool_calls)
    if not (found.done or found.embeddings is not None):
        # By far the most frequent case: a token.
        return Chunk(
            content=said.content,
            thinking=said.thinking,
            tool_calls=said.tool_calls,
            logprobs=found.logprobs or (),
            model=found.model,
            created_at=found.created_at,
        )
    return Chunk(
        content=said.content,
        thinking=said.thinking,
        tool_calls=said.tool_calls,
        logprobs=found.logprobs or (),
        embeddings=found.embeddings or (),
        context=found.context,
        model=found.model,
        created_at=found.created_at,
        done=True,
        done_reason=found.done_reason,
        total_duration=found.total_duration,
        load_duration=found.load_duration,
        prompt_eval_count=found.prompt_eval_count,
        prompt_eval_duration=found.prompt_eval_duration,
        eval_count=found.eval_count,
        eval_duration=found.eval_duration,
    )


async def read(content: aiohttp.StreamReader, limit: int) -> bytes:
    """Return a whole body; of one that is longer than `limit` bytes, somewhat more than those."""
    body = b""
    while len(body) <= limit and (data := await content.readany()):
        body += data
    return body
