"""Record an answer while it is passed on."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing

from localai import Chunk, Chunks
from plugins.cache.replay import trimmed

WELL_ENDED = frozenset({"stop", "length", ""})
"""Reasons for an end that the same call would have again; `length` is the limit that it set."""

CHUNK = 80
"""Bytes that a chunk takes besides its text, about."""

Keep = Callable[[tuple[Chunk, ...]], Awaitable[None]]
"""Keeps all chunks of an answer, as `replay` wants them."""


async def recorded(begin: Callable[[], Chunks], most: int, keep: Keep) -> Chunks:
    """Yield the answer that `begin` returns; have it kept if it ends well within `most` bytes.

    It is begun by whoever reads it, and kept before its end is told: whoever has read that may ask
    again at once.
    """
    said: list[Chunk] = []
    size = 0
    async with aclosing(begin()) as chunks:
        async for chunk in chunks:
            size += len(chunk.content) + len(chunk.thinking) + CHUNK
            if size > most:
                said.clear()
            else:
                said.append(trimmed(chunk))
                if chunk.done and chunk.done_reason in WELL_ENDED:
                    await keep(tuple(said))
            yield chunk
