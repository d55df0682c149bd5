"""What Ollama's clients send, as Structs. Unknown fields are accepted and dropped."""

import re
from typing import Annotated, Any

from msgspec import Meta, Struct

from core.api.attachments import check_base64
from core.errors import InvalidRequest
from core.messages import Caching, Call, Kind, Message, Options, ToolCall
from core.principal import Principal

MAX_MESSAGES = 2048
MAX_INPUTS = 2048

# time.ParseDuration in Go.
_DURATION = re.compile(r"[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)")
_LEVELS = ("high", "medium", "low", "max")


class _Request(Struct, kw_only=True):
    model: str = ""
    options: Options | None = None
    keep_alive: float | str | None = None
    cache: Caching | None = None


class _Inference(_Request, kw_only=True):
    stream: bool | None = None
    format: str | dict[str, Any] | None = None
    think: bool | str | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    truncate: bool | None = None
    shift: bool | None = None


class ChatMessage(Struct, kw_only=True):
    """One message; `images` are base64 without a data-URI prefix."""

    role: Annotated[str, Meta(min_length=1, max_length=32)]
    content: str | None = None
    thinking: str | None = None
    images: list[str] | None = None
    tool_calls: list[ToolCall] | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None


class ChatRequest(_Inference, kw_only=True):
    """The body of `POST /api/chat`."""

    messages: Annotated[list[ChatMessage], Meta(max_length=MAX_MESSAGES)] | None = None
    tools: Annotated[list[dict[str, Any]], Meta(max_length=512)] | None = None


class GenerateRequest(_Inference, kw_only=True):
    """The body of `POST /api/generate`."""

    prompt: str | None = None
    suffix: str | None = None
    system: str | None = None
    template: str | None = None
    context: list[int] | None = None
    raw: bool | None = None
    images: list[str] | None = None


class EmbedRequest(_Request, kw_only=True):
    """The body of `POST /api/embed`."""

    input: Any = None
    truncate: bool | None = None
    dimensions: Annotated[int, Meta(ge=0, le=65_536)] | None = None


class EmbeddingsRequest(_Request, kw_only=True):
    """The body of `POST /api/embeddings`, the older form with one text."""

    prompt: str | None = None


class ShowRequest(Struct, kw_only=True):
    """The body of `POST /api/show`; `name` is the older spelling of `model`."""

    model: str = ""
    name: str = ""
    verbose: bool | None = None


def chat_call(request: ChatRequest, principal: Principal, request_id: str) -> Call:
    """Make the call of a chat; raise `InvalidRequest`."""
    return _inference("chat", request, principal, request_id).replace(
        messages=tuple(_message(each, at) for at, each in enumerate(request.messages or ())),
        tools=tuple(_tool(each, at) for at, each in enumerate(request.tools or ())),
    )


def generate_call(request: GenerateRequest, principal: Principal, request_id: str) -> Call:
    """Make the call of a completion."""
    for at, image in enumerate(request.images or ()):
        check_base64(image, f"images[{at}]")
    if request.raw and (request.template or request.system or request.context):
        raise InvalidRequest("raw mode does not support template, system, or context")
    return _inference("generate", request, principal, request_id).replace(
        prompt=request.prompt or "",
        suffix=request.suffix or "",
        system=request.system or "",
        template=request.template or "",
        context=tuple(request.context or ()),
        raw=bool(request.raw),
        images=tuple(request.images or ()),
    )


def embed_call(request: EmbedRequest, principal: Principal, request_id: str) -> Call:
    """Make the call of an embedding; nothing to embed only loads the model."""
    given = request.input
    inputs = [given] if isinstance(given, str) and given else given or []
    if not isinstance(inputs, list) or not all(isinstance(text, str) for text in inputs):
        raise InvalidRequest("invalid input type", param="input")
    if len(inputs) > MAX_INPUTS:
        raise InvalidRequest(f"input has more than {MAX_INPUTS} texts: send fewer", param="input")
    call = _call("embed", request, principal, request_id, stream=False)
    return call.replace(
        inputs=tuple(inputs), truncate=request.truncate, dimensions=request.dimensions or None
    )


def embeddings_call(request: EmbeddingsRequest, principal: Principal, request_id: str) -> Call:
    """Make the call of the older embedding; its vector is normalised here too."""
    call = _call("embed", request, principal, request_id, stream=False)
    return call.replace(inputs=(request.prompt,) if request.prompt else ())


def _inference(kind: Kind, request: _Inference, principal: Principal, request_id: str) -> Call:
    if request.top_logprobs is not None and not 0 <= request.top_logprobs <= 20:
        raise InvalidRequest("top_logprobs must be between 0 and 20", param="top_logprobs")
    think = request.think
    if isinstance(think, str) and think not in _LEVELS:
        raise InvalidRequest(
            f'invalid think value: "{think[:32]}" '
            '(must be "high", "medium", "low", "max", true, or false)',
            param="think",
        )
    if isinstance(request.format, str) and request.format not in ("", "json"):
        raise InvalidRequest(
            f'invalid format: "{request.format[:32]}"; expected "json" or a valid JSON Schema '
            "object",
            param="format",
        )
    call = _call(kind, request, principal, request_id, stream=request.stream is not False)
    return call.replace(
        format=request.format or None,
        think=think,
        logprobs=bool(request.logprobs),
        top_logprobs=request.top_logprobs or 0,
        truncate=request.truncate,
        shift=request.shift,
    )


def _call(
    kind: Kind, request: _Request, principal: Principal, request_id: str, *, stream: bool
) -> Call:
    keep_alive = request.keep_alive
    if isinstance(keep_alive, str) and not _DURATION.fullmatch(keep_alive):
        bare = re.fullmatch(r"[+-]?\d+(\.\d*)?", keep_alive)
        problem = "missing unit in duration" if bare else "invalid duration"
        raise InvalidRequest(f'time: {problem} "{keep_alive[:32]}"', param="keep_alive")
    return Call(
        kind=kind,
        dialect="ollama",
        model=request.model,
        stream=stream,
        request_id=request_id,
        principal=principal,
        cache=request.cache or Caching(),
        options=request.options or Options(),
        keep_alive=keep_alive,
    )


def _message(message: ChatMessage, at: int) -> Message:
    for index, image in enumerate(message.images or ()):
        check_base64(image, f"messages[{at}].images[{index}]")
    return Message(
        role=message.role.lower(),
        content=message.content or "",
        thinking=message.thinking or "",
        images=tuple(message.images or ()),
        tool_calls=tuple(message.tool_calls or ()),
        tool_name=message.tool_name or "",
        tool_call_id=message.tool_call_id or "",
    )


def _tool(tool: dict[str, Any], at: int) -> dict[str, Any]:
    function = tool.get("function")
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise InvalidRequest(f"tools[{at}].function.name is required", param=f"tools[{at}]")
    return tool


def option_error(error: InvalidRequest) -> InvalidRequest:
    """Say a wrong option as Ollama does: `option "num_ctx" must be of type integer`."""
    match = re.match(r"options\.(\w+)(?:\[.*\])?: expected '(\w+)", error.message)
    if match is None:
        return error
    kinds = {"int": "integer", "float": "float32", "bool": "boolean", "array": "array"}
    wanted = "array" if match[1] == "stop" else kinds.get(match[2], match[2])
    return InvalidRequest(f'option "{match[1]}" must be of type {wanted}', param=error.param)
