"""Reads `/v1` requests and rewrites them as native ones, as Ollama's middleware does."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.double.decode import (
    DecodeError,
    Reader,
    Struct,
    anything,
    boolean,
    decode,
    integer,
    list_of,
    number,
    number32,
    text,
)
from tests.double.failures import RefusedFailure
from tests.double.go import quote
from tests.double.requests import TOOL

_TOOL_CALL = Struct(
    "ToolCall",
    {
        "id": text,
        "index": integer,
        "type": text,
        "function": Struct("", {"name": text, "arguments": text}, "struct"),
    },
    "openai.ToolCall",
)
_MESSAGE = Struct(
    "Message",
    {
        "role": text,
        "content": anything,
        "reasoning": text,
        "tool_calls": list_of(_TOOL_CALL, "openai.ToolCall"),
        "name": text,
        "tool_call_id": text,
    },
    "openai.Message",
)
_STREAM_OPTIONS = Struct("StreamOptions", {"include_usage": boolean}, "openai.StreamOptions")
_SAMPLING: dict[str, Reader] = {
    "model": text,
    "stream": boolean,
    "stream_options": _STREAM_OPTIONS,
    "max_tokens": integer,
    "seed": integer,
    "stop": anything,
}
CHAT = Struct(
    "ChatCompletionRequest",
    {
        **_SAMPLING,
        "messages": list_of(_MESSAGE, "openai.Message"),
        "temperature": number,
        "frequency_penalty": number,
        "presence_penalty": number,
        "top_p": number,
        "response_format": Struct(
            "ResponseFormat",
            {
                "type": text,
                "json_schema": Struct("JsonSchema", {"schema": anything}, "openai.JsonSchema"),
            },
            "openai.ResponseFormat",
        ),
        "tools": list_of(TOOL, "api.Tool"),
        "reasoning": Struct("Reasoning", {"effort": text}, "openai.Reasoning"),
        "reasoning_effort": text,
        "logprobs": boolean,
        "top_logprobs": integer,
    },
)
COMPLETION = Struct(
    "CompletionRequest",
    {
        **_SAMPLING,
        "prompt": text,
        "frequency_penalty": number32,
        "presence_penalty": number32,
        "temperature": number32,
        "top_p": number32,
        "suffix": text,
        "logprobs": integer,
    },
)
EMBED = Struct(
    "EmbedRequest",
    {"input": anything, "model": text, "dimensions": integer, "encoding_format": text},
)

_EFFORTS: dict[str, bool | str | None] = {
    "": None,
    "none": False,
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "max": "max",
    "xhigh": "max",
    "ultra": "max",
}
_IMAGES = ("data:;base64,", *(f"data:image/{t};base64," for t in ("jpeg", "jpg", "png", "webp")))
_PENALTIES = ("seed", "frequency_penalty", "presence_penalty")


def read(body: bytes, struct: Struct) -> dict[str, Any]:
    """Decode a body, or refuse it with 400 and Go's text."""
    try:
        return decode(body, struct)
    except DecodeError as error:
        raise RefusedFailure(400, str(error)) from None


def native_chat(request: Mapping[str, Any]) -> dict[str, Any]:
    """Rewrite a chat request."""
    given = request.get("messages") or []
    if not given:
        raise RefusedFailure(400, "[] is too short - 'messages'")
    messages = [message for each in given for message in _messages(each, given)]
    options = _options(request)
    options["top_p"] = request.get("top_p", 1.0)
    chosen = request.get("response_format") or {}
    kind = chosen.get("type", "").strip().lower()
    schema = (chosen.get("json_schema") or {}).get("schema")
    return {
        "model": request.get("model", ""),
        "messages": messages,
        "format": {"json_object": "json", "json_schema": schema}.get(kind),
        "options": options,
        "stream": bool(request.get("stream")),
        "tools": request.get("tools"),
        "think": _think(request),
        "logprobs": request.get("logprobs"),
        "top_logprobs": request.get("top_logprobs"),
    }


def native_generate(request: Mapping[str, Any]) -> dict[str, Any]:
    """Rewrite a completion request."""
    options = _options(request)
    options["top_p"] = request.get("top_p") or 1.0
    top = request.get("logprobs") or 0
    return {
        "model": request.get("model", ""),
        "prompt": request.get("prompt", ""),
        "options": options,
        "stream": bool(request.get("stream")),
        "suffix": request.get("suffix", ""),
        "logprobs": top > 0,
        "top_logprobs": max(top, 0),
    }


def native_embed(request: Mapping[str, Any]) -> dict[str, Any]:
    """Rewrite an embedding request."""
    encoding = request.get("encoding_format") or "float"
    if encoding.lower() not in ("float", "base64"):
        supported = "Supported values: ['float', 'base64']."
        text = f"Invalid value for 'encoding_format' = {encoding}. {supported}"
        raise RefusedFailure(400, text)
    given = [""] if request.get("input") == "" else request.get("input")
    if given is None or given == []:
        raise RefusedFailure(400, "invalid input")
    dimensions = request.get("dimensions", 0)
    return {"model": request.get("model", ""), "input": given, "dimensions": dimensions}


def _options(request: Mapping[str, Any]) -> dict[str, Any]:
    options = {key: request[key] for key in _PENALTIES if key in request}
    stop = request.get("stop")
    if isinstance(stop, str):
        options["stop"] = [stop]
    elif isinstance(stop, list):
        options["stop"] = [each for each in stop if isinstance(each, str)]
    if "max_tokens" in request:
        options["num_predict"] = request["max_tokens"]
    options["temperature"] = request.get("temperature", 1.0)
    return options


def _think(request: Mapping[str, Any]) -> bool | str | None:
    reasoning = request.get("reasoning")
    effort = request.get("reasoning_effort", "")
    if reasoning is not None:
        effort = reasoning.get("effort", "")
    if effort not in _EFFORTS:
        known = '"minimal", "low", "medium", "high", "xhigh", "ultra", "max", or "none"'
        raise RefusedFailure(400, f"invalid reasoning value: {quote(effort)} (must be {known})")
    return _EFFORTS[effort]


def _messages(
    message: Mapping[str, Any], everything: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    role = message.get("role", "")
    content = message.get("content")
    calls = _calls(message.get("tool_calls") or [])
    whole = {
        "role": role.lower(),
        "tool_calls": calls,
        "tool_name": _tool_name(message, everything),
    }
    if isinstance(content, str):
        return [{**whole, "content": content}]
    if isinstance(content, list):
        return [{"role": role.lower(), **_part(part)} for part in content]
    if "tool_calls" not in message:
        kinds = {type(None): "<nil>", bool: "bool", dict: "map[string]interface {}"}
        kind = kinds.get(type(content), "float64")
        raise RefusedFailure(400, f"invalid message content type: {kind}")
    return [{**whole, "content": ""}]


def _part(part: Any) -> dict[str, Any]:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "text" and isinstance(part.get("text"), str):
        return {"content": part["text"]}
    if kind == "image_url":
        given = part.get("image_url")
        url = given.get("url") if isinstance(given, dict) else given
        if isinstance(url, str):
            return {"content": "", "images": [_image(url)]}
    if kind == "input_audio":
        return {"content": "", "images": [_audio(part.get("input_audio"))]}
    raise RefusedFailure(400, "invalid message format")


def _image(url: str) -> bytes:
    if url.startswith(("http://", "https://")):
        told = "please use base64 encoded data instead"
        raise RefusedFailure(400, f"image URLs are not currently supported, {told}")
    prefix = next((each for each in _IMAGES if url.startswith(each)), None)
    if prefix is None:
        raise RefusedFailure(400, "invalid image input")
    try:
        return base64.b64decode(url.removeprefix(prefix), validate=True)
    except binascii.Error:
        raise RefusedFailure(400, "invalid image input") from None


def _audio(given: Any) -> bytes:
    if not isinstance(given, dict):
        raise RefusedFailure(400, "invalid input_audio format")
    if not isinstance(given.get("data"), str):
        raise RefusedFailure(400, "invalid input_audio format: missing data")
    try:
        return base64.b64decode(given["data"], validate=True)
    except binascii.Error:
        raise RefusedFailure(400, "invalid input_audio base64 data") from None


def _calls(given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    calls = []
    for call in given:
        function = call.get("function") or {}
        try:
            arguments = json.loads(function.get("arguments", ""))
        except ValueError:
            arguments = None
        if not isinstance(arguments, dict):
            raise RefusedFailure(400, "invalid tool call arguments")
        name = function.get("name", "")
        calls.append({"id": call.get("id", ""), "function": {"name": name, "arguments": arguments}})
    return calls


def _tool_name(message: Mapping[str, Any], everything: Sequence[Mapping[str, Any]]) -> str:
    if message.get("role", "").lower() != "tool":
        return ""
    name: str = message.get("name", "")
    asked = message.get("tool_call_id")
    if name or not asked:
        return name
    calls = [call for each in everything for call in each.get("tool_calls") or []]
    named = [call["function"].get("name", "") for call in calls if call.get("id") == asked]
    return named[-1] if named else ""
