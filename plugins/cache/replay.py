"""Give a kept answer again, in the form that this caller wants."""

from collections.abc import Iterator
from datetime import UTC, datetime

from localai import Call, Chunk
from plugins.cache.entry import Entry


def replay(entry: Entry, call: Call) -> Iterator[Chunk]:
    """Yield the chunks of an answer as if they were made now.

    Its counts and durations are those of the first time. A stream of an answer that was whole
    begins with what was said: clients look for that before the last chunk.
    """
    chunks = entry.chunks
    model = chunks[-1].model
    now = "" if call.dialect == "openai" else _now()
    if call.stream and len(chunks) == 1 and not chunks[0].embeddings:
        (chunk,) = chunks
        first = Chunk(
            content=chunk.content,
            thinking=chunk.thinking,
            tool_calls=chunk.tool_calls,
            logprobs=chunk.logprobs,
        )
        if first != _NOTHING:
            yield first.replace(model=model, created_at=now)
        chunks = (chunk.replace(content="", thinking="", tool_calls=(), logprobs=()),)
    for chunk in chunks:
        yield chunk.replace(model=model, created_at=now)


_NOTHING = Chunk()


def trimmed(chunk: Chunk) -> Chunk:
    """Return a chunk without what `replay` adds, for keeping."""
    return chunk.replace(model=chunk.model if chunk.done else "", created_at="")


def _now() -> str:
    """Return the time as Ollama writes it (RFC 3339, UTC)."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
