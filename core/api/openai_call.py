"""OpenAI's requests → `Call`s. What can't be done is refused by name, never ignored."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from core.api.attachments import file_in, image_in
from core.api.openai_request import (
    ChatRequest,
    CompletionRequest,
    EmbeddingRequest,
    FilePart,
    ImagePart,
    InputFilePart,
    RequestMessage,
    ResponseFormat,
    Sampling,
    TextPart,
)
from core.errors import InvalidRequest, UnsupportedParameter
from core.messages import Caching, Call, File, Function, Message, Options, ToolCall
from core.principal import Principal

_EFFORTS: dict[str, bool | str] = {
    "none": False,
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "max",
    "max": "max",
    "ultra": "max",
}


def chat_call(request: ChatRequest, principal: Principal, request_id: str) -> Call:
    """Make the call of a chat completion; raise `InvalidRequest` that names the parameter."""
    _refuse_common(request)
    if request.functions or request.function_call:
        raise UnsupportedParameter("functions are not supported: use tools", param="functions")
    if request.modalities and set(request.modalities) != {"text"}:
        raise UnsupportedParameter("only text can be made here", param="modalities")
    if request.top_logprobs is not None and not request.logprobs:
        raise InvalidRequest("top_logprobs needs logprobs: true", param="top_logprobs")
    tools: list[dict[str, Any]] = [msgspec.to_builtins(tool) for tool in request.tools or ()]
    options = _options(request)
    if request.max_completion_tokens is not None:
        options = options.replace(num_predict=request.max_completion_tokens)
    return Call(
        kind="chat",
        dialect="openai",
        model=request.model,
        stream=bool(request.stream),
        request_id=request_id,
        principal=principal,
        user=_user(request),
        cache=request.cache or Caching(),
        messages=_messages(request.messages),
        tools=tuple(tools) if _may_call_tools(request.tool_choice) else (),
        format=_format(request.response_format),
        think=_think(request),
        options=options,
        logprobs=bool(request.logprobs),
        top_logprobs=request.top_logprobs or 0,
    )


def completion_call(request: CompletionRequest, principal: Principal, request_id: str) -> Call:
    """Make the call of a text completion."""
    _refuse_common(request)
    if (request.best_of or 1) > 1:
        raise UnsupportedParameter("best_of above 1 is not supported: ask again", param="best_of")
    prompt = request.prompt
    if isinstance(prompt, list):
        if len(prompt) != 1 or not isinstance(prompt[0], str):
            raise UnsupportedParameter(
                "prompt must be one text: send a request for each", param="prompt"
            )
        prompt = prompt[0]
    return Call(
        kind="generate",
        dialect="openai",
        model=request.model,
        stream=bool(request.stream),
        request_id=request_id,
        principal=principal,
        user=_user(request),
        cache=request.cache or Caching(),
        prompt=prompt,
        suffix=request.suffix or "",
        options=_options(request),
        logprobs=request.logprobs is not None,
        top_logprobs=request.logprobs or 0,
    )


def embedding_call(request: EmbeddingRequest, principal: Principal, request_id: str) -> Call:
    """Make the call of an embedding."""
    inputs = [request.input] if isinstance(request.input, str) else request.input
    for position, text in enumerate(inputs):
        if not isinstance(text, str):
            raise InvalidRequest(
                "input must be text, not token ids: with LangChain's OpenAIEmbeddings set "
                "check_embedding_ctx_length=False",
                param="input" if position == 0 else f"input[{position}]",
            )
    return Call(
        kind="embed",
        dialect="openai",
        model=request.model,
        stream=False,
        request_id=request_id,
        principal=principal,
        cache=request.cache or Caching(),
        inputs=tuple(inputs),
        dimensions=request.dimensions,
    )


def _refuse_common(request: Sampling) -> None:
    if (request.n or 1) > 1:
        raise UnsupportedParameter("n above 1 is not supported: ask again", param="n")
    if request.logit_bias:
        raise UnsupportedParameter("Ollama has no logit_bias: leave it out", param="logit_bias")


def _user(request: Sampling) -> str:
    """Return for whom the caller asks; some clients send an object, which says nothing here."""
    given = request.user or request.safety_identifier
    return given if isinstance(given, str) else ""


def _options(request: Sampling) -> Options:
    """Map the sampling parameters; what is absent stays the model's own default.

    Ollama's /v1 sets temperature and top_p to 1 instead; the values in a model's own file were
    chosen for that model, so they win here.
    """
    stop = request.stop
    return Options(
        num_predict=request.max_tokens,
        temperature=request.temperature,
        top_p=request.top_p,
        seed=request.seed,
        presence_penalty=request.presence_penalty,
        frequency_penalty=request.frequency_penalty,
        stop=(stop,) if isinstance(stop, str) else tuple(stop) if stop else None,
    )


def _may_call_tools(choice: str | dict[str, Any] | None) -> bool:
    if choice is None or choice == "auto":
        return True
    if choice == "none":
        return False
    raise UnsupportedParameter(
        "Ollama can't be made to call a tool: tool_choice may be 'auto' or 'none'",
        param="tool_choice",
    )


def _think(request: ChatRequest) -> bool | str | None:
    nested = request.reasoning.effort if request.reasoning else None
    effort = request.reasoning_effort or nested
    if effort is None:
        return None
    if effort not in _EFFORTS:
        raise InvalidRequest(
            f"reasoning_effort must be one of {', '.join(_EFFORTS)}", param="reasoning_effort"
        )
    return _EFFORTS[effort]


def _format(wanted: ResponseFormat | None) -> str | dict[str, Any] | None:
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return "json"
    if wanted.json_schema is None or wanted.json_schema.schema is None:
        raise InvalidRequest(
            "response_format.json_schema.schema is required",
            param="response_format.json_schema.schema",
        )
    return wanted.json_schema.schema


def _messages(messages: list[RequestMessage]) -> tuple[Message, ...]:
    names: dict[str, str] = {}
    made = []
    for position, message in enumerate(messages):
        at = f"messages[{position}]"
        calls = _tool_calls(message, at)
        names |= {call.id: call.function.name for call in calls if call.id}
        content = _content(message, at)
        is_result = message.role in ("tool", "function")
        tool_call_id = message.tool_call_id or "" if is_result else ""
        made.append(
            Message(
                role={"developer": "system", "function": "tool"}.get(message.role, message.role),
                content=content.text,
                thinking=message.reasoning or message.reasoning_content or "",
                images=tuple(content.images),
                tool_calls=calls,
                tool_name=(message.name or names.get(tool_call_id, "")) if is_result else "",
                tool_call_id=tool_call_id,
                image_types=tuple(content.image_types) if any(content.image_types) else (),
                files=tuple(content.files),
            )
        )
    return tuple(made)


def _tool_calls(message: RequestMessage, at: str) -> tuple[ToolCall, ...]:
    calls = []
    for index, call in enumerate(message.tool_calls or ()):
        param = f"{at}.tool_calls[{index}].function.arguments"
        try:
            arguments = msgspec.json.decode(call.function.arguments or "{}")
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise InvalidRequest(f"{param} is not valid JSON", param=param) from None
        if not isinstance(arguments, dict):
            raise InvalidRequest(f"{param} must be a JSON object", param=param)
        function = Function(name=call.function.name, arguments=arguments, index=index)
        calls.append(ToolCall(id=call.id, function=function))
    return tuple(calls)


class _Content(NamedTuple):
    """What the parts of a message come to."""

    text: str = ""
    images: Sequence[str] = ()
    image_types: Sequence[str] = ()
    files: Sequence[File] = ()


def _content(message: RequestMessage, at: str) -> _Content:
    content = message.content
    if content is None:
        if not message.tool_calls:
            raise InvalidRequest(f"{at}.content is required", param=f"{at}.content")
        return _Content()
    if isinstance(content, str):
        return _Content(content)
    texts: list[str] = []
    images, types = [], []
    files = []
    for index, part in enumerate(content):
        here = f"{at}.content[{index}]"
        if isinstance(part, TextPart):
            texts.append(part.text)
        elif isinstance(part, ImagePart):
            data, media_type = image_in(part.image_url.url, f"{here}.image_url.url")
            images.append(data)
            types.append(media_type)
        elif isinstance(part, FilePart):
            files.append(file_in(part.file, f"{here}.file"))
        elif isinstance(part, InputFilePart):
            raise UnsupportedParameter(
                "input_file is of the Responses API: send "
                '{"type": "file", "file": {"filename": …, "file_data": "data:…;base64,…"}}',
                param=f"{here}.type",
            )
        else:
            texts.append(part.refusal)
    return _Content("\n".join(texts), images, types, files)
