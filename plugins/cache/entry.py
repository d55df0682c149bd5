"""What is kept of an answer: a head, which tells about it, its chunks, and perhaps a vector.

A value is one byte for the version, four for the length of the head, the head, then the chunks,
both in MessagePack, then the vector. So the head can be read without the rest.
"""

import msgspec
from msgspec import Struct

from localai import Chunk

VERSION = 2
"""First byte of a value; a value of another version is not read."""

_PREFIX = 5
"""Bytes before the head."""
_FLOAT = 4
"""Bytes of a float in a vector."""


class Head(Struct, array_like=True, frozen=True, kw_only=True, gc=False):
    """Whose answer it is and what it cost; by this, answers are found to be removed."""

    key: str
    """The key that it is kept under: a value under another one was not written by a router."""
    stored_at: float
    """Seconds since 1970."""
    kind: str
    """What was asked for, as in `Call.kind`, or `models` for a list of models."""
    model: str = ""
    """The full name of the model, in lower case."""
    digest: str = ""
    """Of the model, as Ollama lists it; empty when nobody knew it."""
    tenant: str = ""
    """Of the caller that it was made for."""
    caller: str = ""
    """The id of their principal."""
    tags: tuple[str, ...] = ()
    """What the caller called it."""
    seconds: float = 0.0
    """The time that the model took for it."""
    tokens: int = 0
    """Of prompt and answer."""
    headers: dict[str, str] = {}
    """What was said about the answer in headers, such as which engine made it."""
    group: str = ""
    """Within which it may be given to similar questions; empty for none but the same."""
    order: bytes = b""
    """A digest of the question's words in their order."""
    dimensions: int = 0
    """Of the question's vector; 0 for none."""
    joules: float | None = None
    """That it took at the wall, above what the machine takes idle; `None` if nobody kept books."""


class Entry(Struct, frozen=True, gc=False):
    """An answer that can be given again."""

    head: Head
    chunks: tuple[Chunk, ...]
    vector: bytes = b""
    """Of the question, as `head.dimensions` floats of 4 bytes, little-endian."""


class Unreadable(Exception):
    """A value is cut, of another version, or not one of ours."""


_encode = msgspec.msgpack.Encoder().encode
_decode_head = msgspec.msgpack.Decoder(Head).decode
_decode_chunks = msgspec.msgpack.Decoder(tuple[Chunk, ...]).decode


def encode(entry: Entry) -> bytes:
    """Return an entry as bytes."""
    head = _encode(entry.head)
    size = len(head).to_bytes(_PREFIX - 1)
    return b"".join((VERSION.to_bytes(1), size, head, _encode(entry.chunks), entry.vector))


def decode(value: bytes) -> Entry:
    """Return the entry in a value; raise `Unreadable`."""
    end = _end_of_head(value)
    try:
        head = _decode_head(memoryview(value)[_PREFIX:end])
        vector = max(end, len(value) - _FLOAT * head.dimensions)
        chunks = _decode_chunks(memoryview(value)[end:vector])
        return Entry(head, chunks, value[vector:])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Unreadable from None


def head_of(value: bytes) -> Head:
    """Return the head in a value, of which the rest may be missing; raise `Unreadable`."""
    end = _end_of_head(value)
    try:
        return _decode_head(memoryview(value)[_PREFIX:end])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise Unreadable from None


def _end_of_head(value: bytes) -> int:
    end = _PREFIX + int.from_bytes(value[1:_PREFIX])
    if len(value) < end or value[0] != VERSION:
        raise Unreadable
    return end
