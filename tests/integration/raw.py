"""A bare HTTP client: it reads what is there, when it is there, and can stop reading."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit


class Connection:
    """One connection with one request under way."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.status = 0
        self.headers: dict[str, str] = {}

    @classmethod
    async def post(
        cls, url: str, path: str, body: Any, *, receive_buffer: int | None = None
    ) -> "Connection":
        """Send a request, and return without reading anything."""
        parts = urlsplit(url)
        limit = receive_buffer or 65_536
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=limit)
        data = json.dumps(body).encode()
        writer.write(
            f"POST {path} HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-type: application/json\r\n"
            f"content-length: {len(data)}\r\n\r\n".encode()
            + data
        )
        await writer.drain()
        return cls(reader, writer)

    async def head(self) -> int:
        """Read the head of the answer; return its status."""
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.splitlines()
        self.status = int(first.split()[1])
        pairs = (line.split(": ", 1) for line in lines if line)
        self.headers = {name.lower(): value for name, value in pairs}
        return self.status

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes, one chunk of the transfer encoding at a time."""
        while True:
            size = int(await self._reader.readline(), 16)
            data = await self._reader.readexactly(size + 2)
            if not size:
                return
            yield data[:-2]

    async def rest(self) -> bytes:
        """Read the rest of the body."""
        return b"".join([piece async for piece in self.pieces()])

    def leave(self) -> None:
        """Go away without a word."""
        self._writer.transport.abort()
