"""Entries of any kind, for tests."""

from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from localai import Chunk, Function, ToolCall
from plugins.cache.entry import Entry, Head
from tests.plugins.support import HELLO

COUNTS = st.integers(0, 2**62)
TOOL_CALLS = st.lists(
    st.builds(
        ToolCall,
        id=st.text(),
        function=st.builds(
            Function,
            name=st.text(),
            arguments=st.dictionaries(st.text(), st.integers(0, 9) | st.text()),
        ),
    ),
    max_size=2,
).map(tuple)
VECTORS = st.lists(st.lists(st.floats(allow_nan=False)).map(tuple), max_size=2).map(tuple)
CHUNKS = st.builds(
    Chunk,
    content=st.text(),
    thinking=st.text(),
    tool_calls=TOOL_CALLS,
    embeddings=VECTORS,
    model=st.text(),
    created_at=st.text(),
    done=st.booleans(),
    done_reason=st.text(),
    total_duration=COUNTS,
    eval_count=COUNTS,
)
HEADS = st.builds(
    Head,
    key=st.text(),
    stored_at=st.floats(0, 2e9),
    kind=st.text(),
    model=st.text(),
    digest=st.text(),
    tenant=st.text(),
    caller=st.text(),
    tags=st.lists(st.text(), max_size=3).map(tuple),
    seconds=st.floats(0, 1e6),
    tokens=COUNTS,
    headers=st.dictionaries(st.text(), st.text(), max_size=2),
    group=st.text(),
    order=st.binary(max_size=16),
)
VECTORS_KEPT = st.integers(0, 3).flatmap(lambda n: st.binary(min_size=4 * n, max_size=4 * n))
"""Of questions: floats of 4 bytes."""


def _entry(head: Head, chunks: tuple[Chunk, ...], vector: bytes) -> Entry:
    return Entry(replace(head, dimensions=len(vector) // 4), chunks, vector)


ENTRIES = st.builds(_entry, HEADS, st.lists(CHUNKS, max_size=3).map(tuple), VECTORS_KEPT)


def an_entry(key: str = "chat:aa", chunks: tuple[Chunk, ...] = HELLO, **head: Any) -> Entry:
    """Return an entry with this key and these fields in its head."""
    fields: dict[str, Any] = {"stored_at": 1.8e9, "kind": "chat"} | head
    return Entry(Head(key=key, **fields), chunks)
