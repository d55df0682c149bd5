"""The answer to a request that never reaches the app."""

import uuid
from collections.abc import Iterable

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from core.api.dialects import dialect_of, error_body
from core.errors import InvalidRequest


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
        body = error_body(InvalidRequest(self.message), dialect_of(path.decode("latin-1")))
        headers = [
            *default_headers,
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"x-request-id", self.request_id.encode()),
            (b"connection", b"close"),
        ]
        lines = b"".join(b"%b: %b\r\n" % header for header in headers)
        return STATUS_LINE[self.status] + lines + b"\r\n" + (body if with_body else b"")
