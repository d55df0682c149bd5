"""Fields after the body of a streamed answer (RFC 9110 §6.5), for clients that take them.

uvicorn has no trailers. This adds the ASGI extension `http.response.trailers` to a request whose
client said `TE: trailers`; to all others it costs one look at the headers.
"""

from collections.abc import Iterable
from typing import Any, cast

from uvicorn._types import ASGI3Application, ASGISendEvent
from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    RequestResponseCycle,
)

from core.http_linger import LingeringTransport

EXTENSION = "http.response.trailers"
LAST_CHUNK = b"0\r\n\r\n"

Fields = Iterable[tuple[bytes, bytes]]


def takes_trailers(scope: Any) -> bool:
    """Say whether a request's client reads trailers; HTTP/1.0 has nowhere to put them."""
    for name, value in scope["headers"]:
        if name == b"te" and any(each.strip() == b"trailers" for each in value.lower().split(b",")):
            return bool(scope["http_version"] == "1.1")
    return False


def with_trailers(app: ASGI3Application, cycle: RequestResponseCycle) -> ASGI3Application:
    """Return an application that may send trailers in this one cycle."""

    async def trailing(scope: Any, receive: Any, send: Any) -> None:
        scope["extensions"] = {EXTENSION: {}}
        is_promised = False

        async def sending(message: Any) -> None:
            nonlocal is_promised
            kind = message["type"]
            if kind == "http.response.start":
                is_promised = message.get("trailers", False)
            elif kind == EXTENSION:
                await _end(cycle, message["headers"])
                return
            elif is_promised and not message.get("more_body", False):
                message = message | {"more_body": True}  # the end comes with the trailers
            await send(message)

        await app(scope, receive, sending)

    return trailing


async def _end(cycle: RequestResponseCycle, fields: Fields) -> None:
    transport = cycle.transport
    cycle.transport = cast(
        LingeringTransport, _LastChunk(cast(LingeringTransport, transport), fields)
    )
    end: ASGISendEvent = {"type": "http.response.body", "body": b"", "more_body": False}
    try:
        await cycle.send(end)
    finally:
        cycle.transport = transport


class _LastChunk:
    """Stands for a transport while uvicorn ends a chunked body: the fields go into that end."""

    def __init__(self, transport: LingeringTransport, fields: Fields) -> None:
        self._transport = transport
        lines = []
        for name, value in fields:
            if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
                raise RuntimeError("Invalid HTTP trailer.")
            lines.append(b"%b: %b\r\n" % (name, value))
        self._end = b"0\r\n%b\r\n" % b"".join(lines)

    def write(self, data: bytes) -> None:
        """Send the end of the body."""
        self._transport.write(self._end if data == LAST_CHUNK else data)

    def close(self) -> None:
        """End a connection that is not kept."""
        self._transport.close()
