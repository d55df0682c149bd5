"""One client connection: reads requests, runs their handlers, notices when the peer leaves."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import unquote

import httptools

from tests.double.failures import Finished
from tests.double.received import Received
from tests.double.wire import Wire

CLIENT_GONE = 499
MAX_BODY = 256 * 2**20
MAX_PIPELINED = 100
_BAD_REQUEST = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Connection: close\r\n\r\n400 Bad Request"
)

T = TypeVar("T")
Record = Callable[[Received], None]
Handler = Callable[[Received, Wire], Awaitable[None]]


class Connection:
    """Serves requests one after another until the peer or a fault ends it.

    `record` is called with each complete request, even if the peer has left by then.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        record: Record,
        handler: Handler,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._record = record
        self._handler = handler
        self._parser = httptools.HttpRequestParser(self)
        self._requests: asyncio.Queue[tuple[Received, bool]] = asyncio.Queue(MAX_PIPELINED)
        self._gone = asyncio.Event()
        self.on_message_begin()

    async def serve(self) -> None:
        """Run until the connection ends; cancellation closes it."""
        reading = asyncio.create_task(self._read())
        try:
            keep_alive = True
            while keep_alive:
                request = await self._unless_gone(self._requests.get())
                if request is None:
                    break
                keep_alive = await self._answer(*request)
        finally:
            self._writer.close()  # first: this may be cancelled at any of the waits below
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()

    async def _answer(self, received: Received, keep_alive: bool) -> bool:
        wire = Wire(self._writer, received, keep_alive)
        try:
            done = await self._unless_gone(self._run(received, wire))
            if done is None:
                received.disconnected.set()
                received.status = received.status or CLIENT_GONE
            return wire.keep_alive and done is not None
        finally:
            received.finished.set()

    async def _run(self, received: Received, wire: Wire) -> bool:
        try:
            await self._handler(received, wire)
        except Finished:
            wire.keep_alive = wire.keep_alive and wire.started
        except ConnectionError:
            received.disconnected.set()
            wire.keep_alive = False
        return True

    async def _unless_gone(self, work: Awaitable[T]) -> T | None:
        """Await `work`, but cancel it and give `None` as soon as the peer is gone."""
        task = asyncio.ensure_future(work)
        gone = asyncio.ensure_future(self._gone.wait())
        try:
            await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
            return task.result() if task.done() else None
        finally:
            for each in (task, gone):
                each.cancel()
            await asyncio.gather(task, gone, return_exceptions=True)

    async def _read(self) -> None:
        try:
            while data := await self._reader.read(65_536):
                self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._writer.write(_BAD_REQUEST)
        except ConnectionError:
            pass
        finally:
            self._gone.set()

    def on_message_begin(self) -> None:
        """Start a request."""
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = bytearray()

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header."""
        self._headers.append((name, value))
        if name.lower() == b"expect" and value.lower() == b"100-continue":
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._body += body
        if len(self._body) > MAX_BODY:
            raise httptools.HttpParserError("the body is too large")

    def on_message_complete(self) -> None:
        """Queue the complete request."""
        path, _, query = self._url.decode("latin-1").partition("?")
        received = Received(
            method=self._parser.get_method().decode(),
            path=unquote(path),
            query=query,
            headers=self._headers,
            body=bytes(self._body),
        )
        self._record(received)
        self._requests.put_nowait((received, self._parser.should_keep_alive()))
