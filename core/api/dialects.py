"""Errors and content types in the caller's wire format, told apart by the path."""

import json
from typing import Any

import msgspec

from core.errors import GatewayError
from core.messages import Dialect
from core.redact import redact
from core.response import note

JSON: dict[Dialect, bytes] = {
    "openai": b"application/json",
    "ollama": b"application/json; charset=utf-8",
}
STREAM: dict[Dialect, bytes] = {
    "openai": b"text/event-stream; charset=utf-8",
    "ollama": b"application/x-ndjson",
}


def dialect_of(path: str) -> Dialect:
    """Return the wire format that callers of a path expect."""
    return "openai" if path == "/v1" or path.startswith("/v1/") else "ollama"


def error_body(error: GatewayError, dialect: Dialect) -> bytes:
    """Return the JSON of an error: an object for OpenAI's clients, a text for Ollama's."""
    message = redact(error.message)  # it may quote what came, such as a path
    if dialect == "ollama":
        return ascii_json({"error": message})
    return msgspec.json.encode(
        {
            "error": {
                "message": message,
                "type": error.type,
                "param": error.param,
                "code": error.code,
            }
        }
    )


def error_event(error: GatewayError, dialect: Dialect) -> bytes:
    """Return an error as the last event of a stream that has begun; no `[DONE]` follows it."""
    body = error_body(error, dialect)
    return body + b"\n" if dialect == "ollama" else b"data: " + body + b"\n\n"


async def send_error(error: GatewayError, scope: Any, send: Any) -> None:
    """Answer a request with an error, outside of Litestar."""
    note(error, scope)
    dialect = dialect_of(scope["path"])
    body = error_body(error, dialect)
    headers = [(b"content-type", JSON[dialect]), (b"content-length", b"%d" % len(body))]
    headers += [(name.encode(), value.encode("latin-1")) for name, value in error.headers().items()]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def ascii_json(value: object) -> bytes:
    """Encode as ASCII: ollama's client splits lines at characters such as U+0085."""
    encoded = msgspec.json.encode(value)
    if encoded.isascii():
        return encoded
    return json.dumps(json.loads(encoded), separators=(",", ":")).encode("ascii")
