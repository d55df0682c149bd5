"""Changes the texts of an answer as they come, each of the two by itself: content and thinking."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from localai import Chunk

SLICE = 2048
"""Characters of a text after which other requests get a turn."""


class Channel(Protocol):
    """One text that comes in pieces."""

    @property
    def is_changed(self) -> bool:
        """Whether anything was given on in another form."""
        ...

    def push(self, text: str) -> str:
        """Take the next piece; return all that is decided by now."""
        ...

    def flush(self) -> str:
        """End the text and return its rest."""
        ...


class Answer:
    """An answer with its texts changed; what was held back comes before its end.

    Tool calls are left as they are. Log probabilities go, as they spell the text as it was, and
    so does the context of a text that was changed.
    """

    def __init__(self, make: Callable[[], Channel]) -> None:
        self._make = make
        self._content = make()
        self._thinking: Channel | None = None
        """Made when the model thinks first, as few do."""
        self._last = Chunk()
        self._is_thinking = False

    def push(self, chunk: Chunk) -> Sequence[Chunk]:
        """Return what is to be given for a chunk that is not long."""
        text = chunk.content
        content = self._content.push(text) if text else ""
        is_token = not (self._is_thinking or chunk.thinking or chunk.done or chunk.logprobs)
        if is_token and text and content == text and not chunk.context:
            # By far the most frequent case.
            self._last = chunk
            return (chunk,)
        thinking = self._thoughts().push(chunk.thinking) if chunk.thinking else ""
        return self._given(chunk, content, thinking)

    async def push_long(self, chunk: Chunk) -> Sequence[Chunk]:
        """Do the same for any chunk; other requests get a turn meanwhile."""
        thinking = await _pushed(self._thoughts(), chunk.thinking) if chunk.thinking else ""
        return self._given(chunk, await _pushed(self._content, chunk.content), thinking)

    def rest(self) -> Iterator[Chunk]:
        """Yield what was held back of an answer that has no last chunk."""
        if self._last.done:
            return
        thinking, content = self._end_of_thinking(), self._content.flush()
        if content or thinking:
            yield self._piece(content, thinking)

    def _given(self, chunk: Chunk, content: str, thinking: str) -> list[Chunk]:
        self._last = chunk
        given = []
        self._is_thinking |= bool(chunk.thinking)
        if self._is_thinking and (chunk.content or chunk.done):
            self._is_thinking = False
            thinking += self._end_of_thinking()
        if chunk.done:
            content += self._content.flush()
            if (content or thinking) and not (chunk.content or chunk.thinking):
                # Readers of streams look for the end in the last chunk only, not for text.
                given.append(self._piece(content, thinking))
                content = thinking = ""
        context = () if chunk.context and self._is_changed() else chunk.context
        if (content, thinking, context) != (chunk.content, chunk.thinking, chunk.context):
            chunk = chunk.replace(content=content, thinking=thinking, context=context)
        if chunk.logprobs:
            chunk = chunk.replace(logprobs=())
        if content or thinking or chunk.tool_calls or chunk.embeddings or chunk.done:
            given.append(chunk)
        return given

    def _thoughts(self) -> Channel:
        if self._thinking is None:
            self._thinking = self._make()
        return self._thinking

    def _end_of_thinking(self) -> str:
        return self._thinking.flush() if self._thinking is not None else ""

    def _is_changed(self) -> bool:
        thinking = self._thinking
        return self._content.is_changed or (thinking is not None and thinking.is_changed)

    def _piece(self, content: str, thinking: str) -> Chunk:
        last = self._last
        return Chunk(
            content=content, thinking=thinking, model=last.model, created_at=last.created_at
        )


def is_long(chunk: Chunk) -> bool:
    """Say whether to change a chunk takes so long that others shall have a turn meanwhile."""
    return len(chunk.content) + len(chunk.thinking) > SLICE


async def _pushed(channel: Channel, text: str) -> str:
    """Push a text, and let others have their turn in between."""
    given = []
    for at in range(0, len(text), SLICE):
        given.append(channel.push(text[at : at + SLICE]))
        await asyncio.sleep(0)
    return "".join(given)
