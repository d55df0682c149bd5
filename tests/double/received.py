"""What the double received, kept for tests to look at."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, eq=False)
class Received:
    """One request and how its answer went.

    `status` is 0 until the answer's headers are sent, and 499 if the peer left before that.
    `tokens_sent` counts streamed objects (tokens, thinking and tool calls, not the last one).
    `finished` is set when the answer ended in any way, `disconnected` when the peer went away
    before the answer's end.
    """

    method: str
    path: str
    query: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    status: int = 0
    tokens_sent: int = 0
    started: asyncio.Event = field(default_factory=asyncio.Event)
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    disconnected: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def json(self) -> Any:
        """The body as JSON; `ValueError` when it is none."""
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """The first header of this name, or `None`."""
        wanted = name.lower().encode()
        for key, value in self.headers:
            if key.lower() == wanted:
                return value.decode("latin-1")
        return None
