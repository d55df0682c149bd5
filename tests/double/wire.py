"""One answer on the wire: HTTP/1.1 bytes as Go's `net/http` writes them, or a fault's."""

import asyncio
import socket
import struct
import zlib
from collections.abc import Iterable
from email.utils import formatdate
from http import HTTPStatus

from tests.double.faults import Fault
from tests.double.received import Received

JSON = "application/json"
JSON_UTF8 = "application/json; charset=utf-8"
NDJSON = "application/x-ndjson"
SSE = "text/event-stream"
TEXT = "text/plain"

# Go sends a body that outgrows its buffer before the handler ends as chunks.
_GO_BUFFER = 2048
_GZIP = 16 + zlib.MAX_WBITS


class Wire:
    """Writes one answer; a fault may bend it."""

    def __init__(self, writer: asyncio.StreamWriter, received: Received, keep_alive: bool) -> None:
        self.received = received
        self.fault = Fault()
        self.keep_alive = keep_alive
        self._writer = writer
        self._stream_type = ""
        self._lines = 0
        self._gathered: list[bytes] = []
        self._zip = zlib.compressobj(wbits=_GZIP)
        self._body_allowed = received.method != "HEAD"

    @property
    def started(self) -> bool:
        """Whether the headers are sent."""
        return self.received.started.is_set()

    async def send(
        self, status: int, body: bytes, content_type: str, headers: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Send a whole answer."""
        if self.fault.compressed:
            body = self._zip.compress(body) + self._zip.flush()
        chunked = len(body) > _GO_BUFFER and self._body_allowed
        head = self._head(status, content_type, headers, None if chunked else len(body))
        if not self._body_allowed:
            body = b""
        elif chunked:
            body = _chunk(body) + b"0\r\n\r\n"
        await self._put(head + body)

    def start(self, content_type: str) -> None:
        """Prepare a stream; its headers leave with the first object, as Go's do."""
        self._stream_type = content_type

    async def line(self, data: bytes) -> None:
        """Send one object of a stream, or keep it until enough are gathered for one write."""
        self._gather(data)
        self._lines += 1
        if self._lines % self.fault.gather == 0:
            await self.flush()

    async def write(self, data: bytes) -> None:
        """Send bytes of a stream at once, after all that was gathered."""
        self._gather(data)
        await self.flush()

    async def flush(self) -> None:
        """Send what was gathered."""
        gathered, self._gathered = self._gathered, []
        await self._put(b"".join(gathered))

    async def end(self) -> None:
        """End a stream properly."""
        self._gather(b"")
        if self.fault.compressed:
            self._gathered.append(_chunk(self._zip.flush()))
        self._gathered.append(b"0\r\n\r\n")
        await self.flush()

    async def close(self) -> None:
        """Send what was gathered and close the connection without ending the body."""
        await self.flush()
        self.keep_alive = False
        self._writer.close()

    def reset(self) -> None:
        """Tear the connection down with a TCP reset."""
        self.keep_alive = False
        linger_zero = struct.pack("ii", 1, 0)
        raw = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_zero)
        self._writer.transport.abort()

    def _head(
        self,
        status: int,
        content_type: str,
        headers: Iterable[tuple[str, str]],
        length: int | None,
    ) -> bytes:
        self.received.status = status
        self.received.started.set()
        content_type = self.fault.content_type(content_type)
        try:
            phrase = HTTPStatus(status).phrase
        except ValueError:
            phrase = f"status code {status}"
        lines = [f"HTTP/1.1 {status} {phrase}"]
        if self.fault.compressed:
            lines.append("Content-Encoding: gzip")
        if content_type:
            lines.append(f"Content-Type: {content_type}")
        lines += [f"{name}: {value}" for name, value in headers]
        lines.append(f"Date: {formatdate(usegmt=True)}")
        if length is None:
            lines.append("Transfer-Encoding: chunked")
        elif status != HTTPStatus.NO_CONTENT:
            lines.append(f"Content-Length: {length}")
        if not self.keep_alive:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def _gather(self, data: bytes) -> None:
        if not self.started:
            self._gathered.append(self._head(200, self._stream_type, (), None))
        self._gathered.append(_chunk(self._pack(data)))

    def _pack(self, data: bytes) -> bytes:
        if self.fault.compressed:
            return self._zip.compress(data) + self._zip.flush(zlib.Z_SYNC_FLUSH)
        return data

    async def _put(self, data: bytes) -> None:
        for part, pause in self.fault.writes(data):
            self._writer.write(part)
            await self._writer.drain()
            await asyncio.sleep(pause)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""
