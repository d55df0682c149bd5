"""Servers that are no Redis: one says what Redis says on bad days, one is a line to a real one."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

COMMAND = re.compile(rb"(?:^|\r\n)\*\d+(?=\r\n)")
"""The head of one, in RESP."""
Handle = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def saying(reply: bytes) -> AsyncIterator[str]:
    """Answer each command with the same bytes; yield the URL."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(reply * len(COMMAND.findall(data)))

    async with _serving(handle) as port:
        yield f"redis://127.0.0.1:{port}/0"


@asynccontextmanager
async def hanging_up() -> AsyncIterator[tuple[str, list[bytes]]]:
    """Take what comes first on each connection, and end it; yield the URL and what has come."""
    taken: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.append(await reader.read(65_536))

    async with _serving(handle) as port:
        yield f"redis://127.0.0.1:{port}/0", taken


@asynccontextmanager
async def forwarding(
    port: int, *, path: Path | None = None, context: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Pass all on to a port, from a socket at a path, or from a port, which is yielded."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(_pass(reader, far_writer), _pass(far_reader, writer))
        finally:
            far_writer.close()

    async with _serving(handle, path, context) as own:
        yield own


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def _serving(
    handle: Handle, path: Path | None = None, context: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    tasks: set[asyncio.Task[None]] = set()

    async def owned(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(asyncio.CancelledError, OSError):
            await handle(reader, writer)
        writer.close()
        tasks.discard(task)

    if path is not None:
        server = await asyncio.start_unix_server(owned, path)
        port = 0
    else:
        server = await asyncio.start_server(owned, "127.0.0.1", 0, ssl=context)
        port = server.sockets[0].getsockname()[1]
    async with server:
        yield port
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
