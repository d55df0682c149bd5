"""Changes the texts of an answer as they come, each of the two by itself: content and thinking."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from typing import Protocol

from localai import Chunk, Chunks

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


async def changed(chunks: Chunks, content: Channel, thinking: Channel) -> Chunks:
    """Yield an answer with its texts changed; what was held back comes before its end.

    Tool calls are left as they are. Log probabilities go, as they spell the text as it was, and
    so does the context of a text that was changed.
    """
    answer = _Answer(content, thinking)
    async with aclosing(chunks):
        try:
            async for chunk in chunks:
                for given in await answer.push(chunk):
                    yield given
        except Exception:
            for given in answer.rest():
                yield given
            raise
        for given in answer.rest():
            yield given


class _Answer:
    def __init__(self, content: Channel, thinking: Channel) -> None:
        self._content = content
        self._thinking = thinking
        self._last = Chunk()
        self._is_thinking = False

    async def push(self, chunk: Chunk) -> list[Chunk]:
        """Return what is to be given for a chunk."""
        self._last = chunk
        given = []
        thinking = await _pushed(self._thinking, chunk.thinking)
        self._is_thinking |= bool(chunk.thinking)
        if self._is_thinking and (chunk.content or chunk.done):
            self._is_thinking = False
            thinking += self._thinking.flush()
        content = await _pushed(self._content, chunk.content)
        if chunk.done:
            content += self._content.flush()
            if (content or thinking) and not (chunk.content or chunk.thinking):
                # Readers of streams look for the end in the last chunk only, not for text.
                given.append(self._piece(content, thinking))
                content = thinking = ""
        is_changed = self._content.is_changed or self._thinking.is_changed
        context = () if is_changed else chunk.context
        if (content, thinking, context) != (chunk.content, chunk.thinking, chunk.context):
            chunk = chunk.replace(content=content, thinking=thinking, context=context)
        if chunk.logprobs:
            chunk = chunk.replace(logprobs=())
        if content or thinking or chunk.tool_calls or chunk.embeddings or chunk.done:
            given.append(chunk)
        return given

    def rest(self) -> Iterator[Chunk]:
        """Yield what was held back of an answer that has no last chunk."""
        if self._last.done:
            return
        thinking, content = self._thinking.flush(), self._content.flush()
        if content or thinking:
            yield self._piece(content, thinking)

    def _piece(self, content: str, thinking: str) -> Chunk:
        last = self._last
        return Chunk(
            content=content, thinking=thinking, model=last.model, created_at=last.created_at
        )


async def _pushed(channel: Channel, text: str) -> str:
    """Push a text, and let others have their turn if it is a whole one."""
    if len(text) <= SLICE:
        return channel.push(text) if text else ""
    given = []
    for at in range(0, len(text), SLICE):
        given.append(channel.push(text[at : at + SLICE]))
        await asyncio.sleep(0)
    return "".join(given)
