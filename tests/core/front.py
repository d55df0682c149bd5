"""A server behind the strict front door, and a client that speaks in bytes."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import uvicorn

from core.http import HttpLimits, strict_protocol

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

GOOD = b"GET /v1/models HTTP/1.1\r\nHost: box:8000\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
BODY_LIMIT = 10_000_000
CHUNKED = b"Transfer-Encoding: chunked"


class Echo:
    """An app that answers with what it was asked; `/stream` waits for `go`, `/413` reads nothing.

    `left` is set when `/stream` learns that its client is gone.
    """

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.started = asyncio.Event()
        self.left = asyncio.Event()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope["path"]
        if path == "/stream":
            await self._stream(receive, send)
            return
        if path == "/413":
            await _answer(send, 413, b"too large", (b"connection", b"close"))
            return
        if path == "/early":
            await _answer(send, 200, b"early")
            return
        if path == "/echo":
            await send({"type": "http.response.start", "status": 200})
        size, more = 0, True
        while more:
            event = await receive()
            if event["type"] == "http.disconnect":
                return
            size += len(event["body"])
            more = event["more_body"]
            if size > BODY_LIMIT:
                await _answer(send, 413, b"too large", (b"connection", b"close"))
                return
        names = sorted(name.decode("latin-1") for name, _ in scope["headers"])
        if path == "/echo":
            await send({"type": "http.response.body", "body": b"%d" % size})
            return
        seen = {"method": scope["method"], "path": path, "size": size, "headers": names}
        await _answer(send, 200, json.dumps(seen).encode())

    async def _stream(self, receive: Receive, send: Send) -> None:
        self.started.set()
        waits = asyncio.ensure_future(self.go.wait())
        event: Message = {"type": "http.request"}
        while event["type"] != "http.disconnect" and not waits.done():
            reads = asyncio.ensure_future(receive())
            await asyncio.wait({reads, waits}, return_when=asyncio.FIRST_COMPLETED)
            if reads.done():
                event = reads.result()
                continue
            reads.cancel()
            await _answer(send, 200, b"streamed")
        waits.cancel()
        if event["type"] == "http.disconnect":
            self.left.set()


async def _answer(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})


class Answer(NamedTuple):
    """One parsed answer."""

    status: int
    headers: dict[str, str]
    body: bytes


class Front:
    """A running server."""

    def __init__(self, port: int, app: Echo) -> None:
        self.port = port
        self.app = app

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def send(self, *parts: bytes) -> list[Answer]:
        """Write all parts, then read answers until the server ends the connection."""
        reader, writer = await self.connect()
        try:
            for part in parts:
                writer.write(part)
                await writer.drain()
            return await read_all(reader)
        finally:
            writer.close()

    async def serves(self) -> bool:
        """Say whether a new connection is served."""
        return (await self.send(LAST))[0].status == 200


@asynccontextmanager
async def running_front(
    limits: HttpLimits | None = None, keep_alive: int = 5, answering: Any = None
) -> AsyncIterator[Front]:
    """Run a server until the block ends; `keep_alive` is in seconds, `answering` another app."""
    app = Echo()
    config = uvicorn.Config(
        answering or app,
        host="127.0.0.1",
        port=0,
        http=strict_protocol(limits or HttpLimits()),
        ws="none",
        lifespan="off",
        log_config=None,
        server_header=False,
        timeout_keep_alive=keep_alive,
        timeout_graceful_shutdown=2,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.on_tick(0)  # sets the date header
    await server.startup()
    try:
        yield Front(server.servers[0].sockets[0].getsockname()[1], app)
    finally:
        app.go.set()
        await server.shutdown()


async def read_one(reader: asyncio.StreamReader) -> Answer:
    """Read one answer whose length its head tells."""
    head = await reader.readuntil(b"\r\n\r\n")
    status_line, *lines = head.decode("latin-1").rstrip().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Answer(int(status_line.split()[1]), headers, body)


async def read_all(reader: asyncio.StreamReader) -> list[Answer]:
    """Read answers until the server closes its side; it must not reset the connection."""
    answers = []
    while not reader.at_eof():
        try:
            answers.append(await read_one(reader))
        except asyncio.IncompleteReadError as error:
            assert error.partial == b""  # noqa: PT017 - the end of the stream, between answers
    return answers


def get(target: bytes, *headers: bytes, version: bytes = b"HTTP/1.1") -> bytes:
    """Return a GET with these headers, or with a Host header only."""
    lines = [b"GET " + target + b" " + version, *(headers or (b"Host: a",))]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def post(*headers: bytes, body: bytes = b"", path: bytes = b"/api/chat") -> bytes:
    """Return a POST with a Host header and these."""
    return b"\r\n".join([b"POST " + path + b" HTTP/1.1", b"Host: a", *headers]) + b"\r\n\r\n" + body
