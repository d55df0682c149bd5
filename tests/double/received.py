"""What the double received, kept for tests to look at."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True, eq=False)
class Received:
    """One request and how its answer went.

    `status` is 0 until the answer's headers are sent, and 499 if the peer left before that.
    `tokens_sent` counts streamed objects (tokens, thinking and tool calls, not the last one).
    `told` are the tokens of the prompt and of the answer, once the object that tells them is sent.
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
    told: tuple[int, int] | None = None
    started: asyncio.Event = field(default_factory=asyncio.Event)
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    disconnected: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def json(self) -> Any:
        """The body as JSON; `ValueError` when it is none."""
        return json.loads(self.body)

    def tell(self, counts: Mapping[str, int] | None) -> None:
        """Note that the counts of a whole answer are sent; Ollama leaves out what is 0."""
        if counts is not None:
            self.told = (counts.get("prompt_eval_count", 0), counts.get("eval_count", 0))

    def header(self, name: str) -> str | None:
        """The first header of this name, or `None`."""
        wanted = name.lower().encode()
        for key, value in self.headers:
            if key.lower() == wanted:
                return value.decode("latin-1")
        return None
