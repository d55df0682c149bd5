"""The weight of chunks against what the allocator says."""

import json
import tracemalloc
from collections import deque
from collections.abc import Callable

import pytest

from core import wire
from localai import Chunk, Function, ToolCall
from plugins.cache.weight import weight
from tests.plugins.support import a_call


def token(text: str) -> Chunk:
    """Return a chunk as it comes from Ollama."""
    line = {"model": "llama3.2", "created_at": "2026-01-01T00:00:00.123456789Z", "done": False}
    return wire.chunk(json.dumps(line | {"message": {"content": text}}).encode(), a_call())


def vectors(numbers: int) -> Chunk:
    """Return a chunk with embeddings."""
    return Chunk(embeddings=tuple(tuple(map(float, range(numbers))) for _ in range(4)))


def logprobs(alternatives: int) -> Chunk:
    """Return a chunk with the probabilities of tokens."""
    one = {"token": " hello", "logprob": -0.123456, "bytes": [32, 104, 101, 108, 108, 111]}
    found = json.loads(json.dumps([one | {"top_logprobs": [one] * alternatives}]))
    return token(" hello").replace(logprobs=tuple(found))


@pytest.mark.parametrize(
    "make",
    [
        lambda: token(" hello"),
        lambda: token("x" * 5000),
        lambda: token("\u6f22\u5b57" * 500),
        lambda: vectors(384),
        lambda: logprobs(5),
        lambda: logprobs(20),
    ],
    ids=["token", "text", "wide text", "vectors", "logprobs", "many logprobs"],
)
def test_the_weight_is_that_in_memory(make: Callable[[], Chunk]) -> None:
    """What is held against the buffer is what it takes, to within a quarter."""
    window: deque[tuple[Chunk, int]] = deque()
    tracemalloc.start()
    try:
        for end in range(10_000, 10_100):
            window.append((make(), end))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(weight(chunk) for chunk, _ in window) == pytest.approx(taken, rel=0.25)


def test_the_arguments_of_tools_have_their_weight() -> None:
    """A file that a model writes by a tool call counts by its length."""
    call = ToolCall(function=Function(name="write", arguments={"text": "x" * 10_000}))
    assert 10_000 < weight(Chunk(tool_calls=(call,))) < 25_000
