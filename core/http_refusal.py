"""The answer to a request that never reaches the app."""

import uuid
from collections.abc import Iterable

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE


class Refused(Exception):
    """A request that is answered with `status` and `message`, and ends its connection."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.request_id = uuid.uuid4().hex

    def answer(
        self, path: bytes, default_headers: Iterable[tuple[bytes, bytes]], *, with_body: bool = True
    ) -> bytes:
        """Return the whole answer, in the shape of the API that `path` belongs to."""
        body = _error_body(self.message, openai=path.startswith(b"/v1"))
        headers = [
            *default_headers,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"x-request-id", self.request_id.encode()),
            (b"connection", b"close"),
        ]
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        return STATUS_LINE[self.status] + lines + b"\r\n" + (body if with_body else b"")


def _error_body(message: str, *, openai: bool) -> bytes:
    """Return an error as the OpenAI API writes it, or as Ollama does."""
    if not openai:
        return msgspec.json.encode({"error": message})
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return msgspec.json.encode({"error": error})
