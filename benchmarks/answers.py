"""The fake upstream's answers as bytes, in Ollama's own shape and in OpenAI's.

A model's name says how it talks: `burst-64` sends 64 tokens as fast as it can, `paced-5ms-200`
sends 200 tokens, one in 5 ms. Every token contains `MARK`, so that lost tokens can be noticed.
"""

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec

MARK = b" lap"
"""Begins every token; stands nowhere else in an answer."""
MOST_TOKENS = 10_000
"""Longest answer; bounds what one connection buffers at about 2 MB."""
PROMPT_TOKENS = 22
EMBEDDING = [0.125] * 64
"""One vector of length 1."""
MODELS = ("burst-16", "burst-64", "paced-5ms-200", "embed-64")
"""The models that the listings name; others of the same pattern work too."""

_CREATED = "2026-01-02T03:04:05.123456789Z"
_CREATED_UNIX = 1_767_323_045
_NEVER = "2318-04-11T23:47:16.854775807Z"
"""When a model leaves whose `keep_alive` is negative: 292 years after it was asked."""
_NAME = re.compile(r"(?:burst|paced-(?P<pause>\d{1,5})ms)-(?P<tokens>\d{1,5})(?::latest)?")
_DETAILS = {
    "parent_model": "",
    "format": "gguf",
    "family": "llama",
    "families": ["llama"],
    "parameter_size": "84K",
    "quantization_level": "F16",
}
_encode = msgspec.json.encode


class Model(msgspec.Struct, frozen=True):
    """How one model talks."""

    name: str
    """As the request spelled it; answers echo it."""
    tokens: int
    pause: float
    """Seconds between two tokens; 0 sends them as fast as the socket takes them."""


@lru_cache(maxsize=64)
def model_named(name: str) -> Model | None:
    """Read a model's name, or return None for a name of no known pattern."""
    found = _NAME.fullmatch(name)
    if found is None or int(found["tokens"]) > MOST_TOKENS:
        return None
    return Model(name, int(found["tokens"]), int(found["pause"] or 0) / 1000)


@lru_cache(maxsize=64)
def ollama_object(model: Model) -> bytes:
    """Return the whole answer of `/api/chat` with `stream: false`."""
    return _encode(_ollama(model, "".join(_words(model)), _ollama_end(model)))


@lru_cache(maxsize=64)
def ollama_lines(model: Model) -> tuple[bytes, ...]:
    """Return the lines of a stream of `/api/chat`: one for each token, then the last."""
    tokens = [_encode(_ollama(model, word, {"done": False})) + b"\n" for word in _words(model)]
    return (*tokens, _encode(_ollama(model, "", _ollama_end(model))) + b"\n")


@lru_cache(maxsize=64)
def openai_object(model: Model) -> bytes:
    """Return the whole answer of `/v1/chat/completions` with `stream: false`."""
    message = {"role": "assistant", "content": "".join(_words(model))}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return _encode(_openai(model, "chat.completion", [choice]) | {"usage": _usage(model)})


@lru_cache(maxsize=64)
def openai_events(model: Model, with_usage: bool) -> tuple[bytes, ...]:
    """Return the events of a stream: one for each token, the finish, the usage, `[DONE]`."""
    events = []
    for index, word in enumerate(_words(model)):
        role = {"role": "assistant"} if index == 0 else {}
        events.append([{"index": 0, "delta": role | {"content": word}, "finish_reason": None}])
    events.append([{"index": 0, "delta": {}, "finish_reason": "stop"}])
    chunks = [_openai(model, "chat.completion.chunk", choices) for choices in events]
    if with_usage:
        chunks.append(_openai(model, "chat.completion.chunk", []) | {"usage": _usage(model)})
    return (*(b"data: " + _encode(chunk) + b"\n\n" for chunk in chunks), b"data: [DONE]\n\n")


def ollama_embeddings(model: str, inputs: int) -> bytes:
    """Return the answer of `/api/embed` for that many texts."""
    return _encode(
        {
            "model": model,
            "embeddings": [EMBEDDING] * inputs,
            "total_duration": 14_143_917,
            "load_duration": 1_019_500,
            "prompt_eval_count": 8 * inputs,
        }
    )


def tags() -> bytes:
    """Return the answer of `/api/tags`."""
    return _encode({"models": [_entry(name) | {"modified_at": _CREATED} for name in MODELS]})


def running() -> bytes:
    """Return the answer of `/api/ps`: every model is loaded, for ever."""
    loaded = {"expires_at": _NEVER, "size_vram": 177_504, "context_length": 4096}
    return _encode({"models": [_entry(name) | loaded for name in MODELS]})


def show(name: str) -> bytes:
    """Return the answer of `/api/show`."""
    return _encode(
        {
            "details": _DETAILS,
            "model_info": {
                "general.architecture": "llama",
                "general.parameter_count": 84_000,
                "llama.context_length": 4096,
                "llama.embedding_length": len(EMBEDDING),
            },
            "capabilities": ["embedding" if name.startswith("embed-") else "completion"],
            "modified_at": _CREATED,
        }
    )


def openai_models() -> bytes:
    """Return the answer of `/v1/models`."""
    owned = {"object": "model", "created": _CREATED_UNIX, "owned_by": "library"}
    return _encode({"object": "list", "data": [{"id": f"{m}:latest"} | owned for m in MODELS]})


def not_found(name: str, openai: bool) -> bytes:
    """Return the body of the 404 for an unknown model."""
    message = f"model '{name}' not found"
    if not openai:
        return _encode({"error": message})
    error = {"message": message, "type": "not_found_error", "param": None, "code": None}
    return _encode({"error": error})


def _words(model: Model) -> Iterator[str]:
    return (f"{MARK.decode()}{index}" for index in range(model.tokens))


def _ollama(model: Model, content: str, rest: dict[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": content}
    return {"model": model.name, "created_at": _CREATED, "message": message, **rest}


def _ollama_end(model: Model) -> dict[str, Any]:
    return {
        "done": True,
        "done_reason": "stop",
        "total_duration": 812_345_678,
        "load_duration": 101_397_084,
        "prompt_eval_count": PROMPT_TOKENS,
        "prompt_eval_duration": 13_074_791,
        "eval_count": model.tokens,
        "eval_duration": 52_479_709,
    }


def _openai(model: Model, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": "chatcmpl-7",
        "object": kind,
        "created": _CREATED_UNIX,
        "model": model.name,
        "system_fingerprint": "fp_ollama",
        "choices": choices,
    }


def _usage(model: Model) -> dict[str, int]:
    return {
        "prompt_tokens": PROMPT_TOKENS,
        "completion_tokens": model.tokens,
        "total_tokens": PROMPT_TOKENS + model.tokens,
    }


def _entry(name: str) -> dict[str, Any]:
    full = f"{name}:latest"
    return {
        "name": full,
        "model": full,
        "size": 177_504,
        "digest": hashlib.sha256(full.encode()).hexdigest(),
        "details": _DETAILS,
    }
