"""How much memory a piece of an answer takes."""

import sys

import msgspec

from localai import Chunk

CHUNK = 350
"""Bytes that CPython 3.11 spends on a chunk besides its texts: its fields, model, time, place."""
NUMBER = 32
"""The same for each number of an embedding or a context: the object, and the tuple's slot."""
CALLS = 2
LOGPROBS = 5
"""Bytes of memory for each byte that tool calls or logprobs have as JSON."""

_as_json = msgspec.json.Encoder().encode


def weight(chunk: Chunk) -> int:
    """Return about how many bytes of memory a chunk takes."""
    size = CHUNK + sys.getsizeof(chunk.content) + sys.getsizeof(chunk.thinking)
    if chunk.embeddings or chunk.context:
        size += NUMBER * (sum(map(len, chunk.embeddings)) + len(chunk.context))
    if chunk.tool_calls:
        size += CALLS * len(_as_json(chunk.tool_calls))
    if chunk.logprobs:
        size += LOGPROBS * len(_as_json(chunk.logprobs))
    return size
