"""The same question gets the same answer again, without a model. Fails open.

Cached is what would come out the same: embeddings, and chats at temperature 0 or with a seed.
A stream is stored when it has ended well, and is replayed in the form that the caller wants.
"""

import hashlib
from contextlib import aclosing
from typing import Annotated, Any

import msgspec
import structlog
from msgspec import Meta, Struct

from localai import Call, Chunk, Chunks, Duration, Handler, Principal, Size, full_name, hookimpl
from plugins.cache.memory import BoundedMemory

log = structlog.get_logger("cache")

VERSION = b"\x01"
"""First byte of a stored value; another one is a miss."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[Chunk, ...]).decode
# Objects keep their order: that of a schema's properties is the order of the answer's.
_as_json = msgspec.json.Encoder().encode

_NOBODY = Principal(id="")


class ExactCache:
    """Answers repeated calls from memory, apart for each tenant."""

    fail_mode = "open"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.cache.exact]."""

        ttl: Duration = Duration(3600)
        """How long a chat's answer is kept."""
        embeddings_ttl: Duration = Duration(86_400)
        """How long an embedding is kept."""
        max_entries: Annotated[int, Meta(ge=1)] = 10_000
        """Most answers that are kept."""
        max_bytes: Size = Size(256_000_000)
        """Most memory that they take."""
        max_answer: Size = Size(1_000_000)
        """Longest answer that is kept."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._memory = BoundedMemory(max_entries=config.max_entries, max_bytes=config.max_bytes)
        self._hits = 0
        self._misses = 0

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Look the call up; else store what comes."""

        async def cached(call: Call) -> Chunks:
            if not _is_repeatable(call):
                call.headers["x-localai-cache"] = "bypass"
                async with aclosing(next(call)) as chunks:
                    async for chunk in chunks:
                        yield chunk
                return
            key = key_of(call)
            stored = await self._look_up(key)
            if stored is not None:
                self._hits += 1
                call.headers["x-localai-cache"] = "hit"
                for chunk in stored:
                    yield chunk
                return
            self._misses += 1
            call.headers["x-localai-cache"] = "miss"
            said: list[Chunk] = []
            size = 0
            async with aclosing(next(call)) as chunks:
                async for chunk in chunks:
                    size += len(chunk.content) + len(chunk.thinking)
                    if size <= self._config.max_answer:
                        said.append(chunk)
                    if chunk.done and size <= self._config.max_answer:
                        await self._store(key, said, call)
                    yield chunk

        return cached

    @hookimpl
    async def health(self) -> dict[str, Any]:
        """Report how the cache does."""
        return {
            "entries": len(self._memory),
            "bytes": self._memory.bytes,
            "hits": self._hits,
            "misses": self._misses,
            "evictions": self._memory.evictions,
        }

    async def _look_up(self, key: str) -> tuple[Chunk, ...] | None:
        value = await self._memory.get(key)
        if value is None:
            return None
        try:
            if value[:1] == VERSION:
                return _decode(memoryview(value)[1:])
        except msgspec.MsgspecError:
            log.warning("an unreadable entry was dropped")
        await self._memory.delete(key)
        return None

    async def _store(self, key: str, said: list[Chunk], call: Call) -> None:
        value = VERSION + _encode(said)
        if len(value) <= self._config.max_answer:
            config = self._config
            ttl = config.embeddings_ttl if call.kind == "embed" else config.ttl
            await self._memory.set(key, value, ttl=float(ttl))


def key_of(call: Call) -> str:
    """Return the digest of all that changes the answer, and of the tenant."""
    alike = call.replace(
        model=full_name(call.model).lower(),
        principal=_NOBODY.replace(tenant=call.principal.tenant),
        connection=None,
        stream=False,
        dialect="ollama",
        request_id="",
        keep_alive=None,
        headers={},
    )
    return hashlib.blake2b(_as_json(alike), digest_size=32).hexdigest()


def _is_repeatable(call: Call) -> bool:
    if call.loads_only:
        return False
    options = call.options
    return call.kind == "embed" or options.temperature == 0 or options.seed is not None
