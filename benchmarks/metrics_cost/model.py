"""A model in the place of the connection to Ollama: it answers at once.

What a socket takes is the same with and without metrics, and hides what they take: while a process
waits for one, others have the processor and its caches. Everything else is as in a real router.
"""

import asyncio
from typing import Any

from benchmarks.answers import model_named, ollama_lines, ollama_object
from core.gateway import Gateway


class _Content:
    """The body of an answer: one line at a time, each in a turn of the loop of its own."""

    def __init__(self, lines: tuple[bytes, ...]) -> None:
        self._left = iter(lines)
        self._next: bytes | None = next(self._left)

    def read_nowait(self, size: int) -> bytes:
        """Return what is there: nothing yet."""
        return b""

    def at_eof(self) -> bool:
        """Say whether all was read."""
        return self._next is None

    async def readany(self) -> bytes:
        """Wait for the next line."""
        await asyncio.sleep(0)
        line, self._next = self._next, next(self._left, None)
        return line or b""


class _Response:
    """What the router reads of an answer."""

    status = 200
    content_type = "application/x-ndjson"
    headers: dict[str, str] = {}  # noqa: RUF012 - nobody writes to it

    def __init__(self, lines: tuple[bytes, ...]) -> None:
        self.content = _Content(lines)

    def release(self) -> None:
        """Give a connection back that there is not."""

    close = release


async def _send(path: str, body: bytes, attempt: Any, ends: float) -> Any:
    await asyncio.sleep(0)
    call = attempt.call
    model = model_named(call.model)
    assert model is not None
    return _Response(ollama_lines(model) if call.stream else (ollama_object(model),))


def stand_in(gateway: Gateway) -> None:
    """Have all that a router asks its Ollama answered here."""
    ollama: Any = gateway.current.ollama
    ollama._send = _send
