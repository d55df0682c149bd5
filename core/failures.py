"""What Ollama says when it fails → the error that a caller gets.

Texts and statuses were read in Ollama's source (server/routes.go, server/sched.go,
llm/llama_server.go) at v0.24 and v0.33.
"""

import re
from typing import Any

import msgspec

from core.errors import (
    ContextTooLong,
    Forbidden,
    GatewayError,
    InvalidRequest,
    ModelNotFound,
    Unavailable,
    UpstreamBusy,
    UpstreamFailed,
    UpstreamInvalid,
)

BUSY_RETRY = 2.0
"""Seconds to wait when Ollama's load queue is full; it gives no estimate itself."""

_CONTEXT = re.compile(
    r"exceed_context_size|exceeds the (available )?context|longer than the context length"
)
_CALLER_ERRORS = re.compile(
    r"^option \"|^invalid format|image input is not supported|does not support|"
    r"only supports|^think value"
)
_PATH = re.compile(r"(?<![\w.:/])(?:[A-Za-z]:)?[\\/](?:[\w.@+-]+[\\/])+[\w.@+-]*")
_URL = re.compile(r"https?://[^\s\"']+")


def from_response(status: int, body: bytes, model: str, kind: str) -> GatewayError:
    """Read a failed answer: its status and its body."""
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        answer = None
    if not isinstance(answer, dict) or "error" not in answer:
        return UpstreamInvalid(
            f"what answers at Ollama's address is not Ollama (HTTP {status}): "
            "check [ollama] hosts in localai.toml"
        )
    return from_error(status, answer["error"], model, kind)


def from_error(status: int, error: Any, model: str, kind: str) -> GatewayError:
    """Make the error for a status and the value of `error`, text or object."""
    text, nested = _text(error)
    status = nested or status
    param = "input" if kind == "embed" else "prompt" if kind == "generate" else "messages"
    if _CONTEXT.search(text) or _CONTEXT.search(str(error)):
        return ContextTooLong(
            f"{text}: shorten the request, or raise num_ctx of the model", param=param
        )
    if status == 404:
        return missing_model(model)
    if status in (400, 501) or _CALLER_ERRORS.search(text):
        return InvalidRequest(text)
    if status in (401, 403):
        return Forbidden(text)
    if status == 499:
        return Unavailable(
            "Ollama gave up loading the model: try again", code="load_canceled", retry_after=1
        )
    if status == 503:
        return UpstreamBusy(f"Ollama is busy: {text}", retry_after=BUSY_RETRY)
    return UpstreamFailed(text, status=status if 500 <= status < 600 else 502)


def missing_model(model: str) -> ModelNotFound:
    """Return the error for a model that Ollama does not have."""
    return ModelNotFound(f"model '{model}' is not here: ollama pull {model}", param="model")


def _text(error: Any) -> tuple[str, int | None]:
    """Return the innermost message, and the status it carries.

    Since 0.30 the runner's JSON arrives as the text of Ollama's error.
    """
    status = None
    for _ in range(4):
        if isinstance(error, str) and error.lstrip().startswith("{"):
            try:
                error = msgspec.json.decode(error)
            except (msgspec.MsgspecError, RecursionError):
                break
        if not isinstance(error, dict):
            break
        code = error.get("code")
        status = code if isinstance(code, int) and 400 <= code < 600 else status
        error = error.get("error", error.get("message", ""))
    text = error if isinstance(error, str) else ""
    return _scrub(text.strip()) or "Ollama failed and did not say why", status


def _scrub(text: str) -> str:
    """Take paths and addresses of the machine out of a text for callers."""
    return _PATH.sub("(path)", _URL.sub("(address)", text))[:1000]
