"""An answer that is held back until it is whole, checked, and then given on at once."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing

import msgspec

from localai import Chunk, Chunks
from plugins.guardrails.stream.filter import Blocked

Check = Callable[[Chunk], Awaitable[Chunk]]
"""Returns an answer as it may be given on; raises `Blocked` when it may not."""


async def held(chunks: Chunks, check: Check, *, most: int, blocked_text: str) -> Chunks:
    """Yield the answer as `check` gives it: all its text, and then its last chunk.

    An answer of more than `most` characters is closed at once and blocked, as what is held must
    be bounded. Logprobs are dropped, and so are token ids when the text is another one now.
    """
    seen: list[Chunk] = []
    size = 0
    async with aclosing(chunks):
        async for chunk in chunks:
            seen.append(chunk)
            size += _size(chunk)
            if size > most:
                break
    if not seen:
        return
    last = seen[-1]
    answer = _joined(seen)
    try:
        if size > most:
            raise Blocked("max_answer")
        checked = await check(answer)
    except Blocked:
        yield Chunk(content=blocked_text, model=last.model, created_at=last.created_at)
        ended = {"done": True, "done_reason": "content_filter", "context": ()}
        counted = {} if last.done else {"eval_count": len(seen)}
        yield _bare(last).replace(**ended, **counted)
        return
    if checked != answer:
        last = last.replace(context=())
    if checked.content or checked.thinking or checked.tool_calls:
        yield checked
    yield _bare(last)


def _size(chunk: Chunk) -> int:
    size = len(chunk.content) + len(chunk.thinking)
    return size + len(msgspec.json.encode(chunk.tool_calls)) if chunk.tool_calls else size


def _joined(chunks: list[Chunk]) -> Chunk:
    return Chunk(
        content="".join(chunk.content for chunk in chunks),
        thinking="".join(chunk.thinking for chunk in chunks),
        tool_calls=tuple(call for chunk in chunks for call in chunk.tool_calls),
        model=chunks[-1].model,
        created_at=chunks[-1].created_at,
    )


def _bare(chunk: Chunk) -> Chunk:
    """Return a chunk without what it says."""
    return chunk.replace(content="", thinking="", tool_calls=(), logprobs=())
