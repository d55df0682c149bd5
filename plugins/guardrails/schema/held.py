"""An answer that is held back until it is whole."""

from contextlib import aclosing
from typing import Any

from localai import Chunk, Chunks, ToolCall, UpstreamInvalid

COUNTS = (
    "total_duration",
    "load_duration",
    "prompt_eval_count",
    "prompt_eval_duration",
    "eval_count",
    "eval_duration",
)
"""What a last chunk counts."""


class TooLong(Exception):
    """The answer is longer than what may be held."""


async def whole(chunks: Chunks, most: int) -> Chunk:
    """Return an answer as one chunk; `most` bounds its characters and logprobs, thinking too.

    Raises `TooLong`, and `UpstreamInvalid` when the last chunk is missing.
    """
    content: list[str] = []
    thinking: list[str] = []
    last: Chunk | None = None
    size = 0
    tool_calls: list[ToolCall] = []
    logprobs: list[dict[str, Any]] = []
    async with aclosing(chunks):
        async for chunk in chunks:
            size += len(chunk.content) + len(chunk.thinking) + len(chunk.logprobs)
            if size > most:
                raise TooLong
            if chunk.content:
                content.append(chunk.content)
            if chunk.thinking:
                thinking.append(chunk.thinking)
            tool_calls.extend(chunk.tool_calls)
            logprobs.extend(chunk.logprobs)
            if chunk.done:
                last = chunk
    if last is None:
        raise UpstreamInvalid("the answer stopped before its end: try again")
    return last.replace(
        content="".join(content),
        thinking="".join(thinking),
        tool_calls=tuple(tool_calls),
        logprobs=tuple(logprobs),
    )


def parts(answer: Chunk, *, stream: bool) -> tuple[Chunk, ...]:
    """Return the chunks that say an answer: what it says and its end, in one for a plain answer."""
    if not stream:
        return (answer,)
    said = Chunk(
        content=answer.content,
        thinking=answer.thinking,
        tool_calls=answer.tool_calls,
        logprobs=answer.logprobs,
        model=answer.model,
        created_at=answer.created_at,
    )
    return said, answer.replace(content="", thinking="", tool_calls=(), logprobs=())


def add_counts(answer: Chunk, earlier: Chunk) -> Chunk:
    """Return the answer with the tokens and times of an earlier one added to its own."""
    sums = {name: getattr(answer, name) + getattr(earlier, name) for name in COUNTS}
    return answer.replace(**sums)
