"""aiocache's Redis backend, for routers that share answers; when it is away, nothing is there."""

import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Never, TypeVar

import structlog
from aiocache import RedisCache
from aiocache.serializers import NullSerializer
from redis.asyncio import Redis

from plugins.cache import seal
from plugins.cache.connections import connections_to
from plugins.cache.seal import Seal
from plugins.cache.seldom import Seldom
from plugins.cache.server import Server

log = structlog.get_logger("cache")

STEP = 500
"""Keys that one step of a scan looks at; others' keys count too."""
AT_ONCE = 32
"""Values in one question, so that neither Redis nor the event loop is kept for long."""

_GLOB = re.compile(r"[\\*?\[\]]")

T = TypeVar("T")


class SharedCache(RedisCache):  # type: ignore[misc]
    """Holds bytes under text keys in a Redis or Valkey, below a namespace, each with a seal.

    Nothing raises because Redis is away, slow, full or has what nobody wrote: a value is not there
    then, or not kept. Whoever uses it enters `running`.

    The parent brings connections of its own that wait forever, uses commands that are deprecated,
    puts no end to what it reads, and clears with KEYS and FLUSHDB.
    """

    def __init__(
        self,
        url: str,
        *,
        namespace: str = "localai:cache:",
        timeout: float = 0.08,
        connections: int = 50,
        max_value: int = 16_000_000,
        secret: bytes = b"",
    ) -> None:
        """Raise `SettingsError` for a URL that is none; `timeout` is in seconds, per question."""
        if not namespace:
            raise ValueError("without a namespace the whole database would be the cache")
        pool = connections_to(url, connections, timeout)
        # A timeout of aiocache's would make a task of every access.
        super().__init__(
            serializer=NullSerializer(encoding=None),
            namespace=namespace,
            timeout=None,
            connection_pool_class=lambda **_: pool,
        )
        self.client: Redis
        self.server = Server(self.client, timeout)
        """The Redis behind it."""
        self._seal = Seal(secret)
        self._max_value = max_value
        self._stored = 0
        self._stored_bytes = 0
        self._dropped = 0
        self._report = Seldom()

    def __repr__(self) -> str:
        return f"SharedCache({self.namespace!r})"

    def running(self) -> AbstractAsyncContextManager[None]:
        """Look whether Redis is there, keep an eye on it, and disconnect in the end."""
        return self.server.running()

    def figures(self) -> dict[str, Any]:
        """Return how Redis does and what this process did; Redis does not count what is ours."""
        return {
            "entries": None,
            "bytes": None,
            "evictions": None,
            "stored": self._stored,
            "stored_bytes": self._stored_bytes,
            "dropped": self._dropped,
            "up": self.server.is_up,
            "failures": self.server.failures,
            "refused": self.server.refused,
        }

    async def multi_set(self, pairs: Sequence[tuple[str, bytes]], ttl: float | None = None) -> bool:
        """Keep several values for `ttl` seconds; say whether all are kept."""
        named = [(self._build_key(key), value) for key, value in pairs]
        return await self._multi_set(named, ttl=ttl)

    async def delete_many(self, keys: Sequence[str]) -> int:
        """Remove several values; return how many there were."""
        return await self._unlink([self._build_key(key) for key in keys])

    async def scan(
        self, prefix: str, most: int
    ) -> AsyncGenerator[Sequence[tuple[str, bytes]], None]:
        """Yield the keys with this prefix and the first `most` bytes of their values, in steps.

        Nobody looks at the seals. A key may come twice while Redis resizes its table, and what
        is left does not come when Redis goes away.
        """
        cursor: int | None = None
        while cursor != 0:
            cursor, keys = await self._step(prefix, cursor or 0)
            heads = await self._read(keys, seal.LENGTH + most)
            yield [
                (name, head[seal.LENGTH :])
                for key, head in zip(keys, heads, strict=True)
                if head and (name := self._name(key)) is not None
            ]

    def _build_key(self, key: str, namespace: str | None = None) -> str:
        return f"{namespace or self.namespace}{key}"

    async def _get(self, key: str, encoding: str | None = None, _conn: Any = None) -> bytes | None:
        (value,) = await self._multi_get([key])
        return value

    async def _multi_get(
        self, keys: list[str], encoding: str | None = None, _conn: Any = None
    ) -> list[bytes | None]:
        found = await self._read(keys, seal.LENGTH + self._max_value)
        values = [self._seal.open(key, sealed) for key, sealed in zip(keys, found, strict=True)]
        broken = [
            key
            for key, sealed, value in zip(keys, found, values, strict=True)
            if sealed and value is None
        ]
        if broken:
            await self._drop(broken)
        return values

    async def _set(
        self,
        key: str,
        value: bytes,
        ttl: float | None = None,
        _cas_token: Any = None,
        _conn: Any = None,
    ) -> bool:
        return await self._multi_set([(key, value)], ttl=ttl)

    async def _multi_set(
        self, pairs: Sequence[tuple[str, bytes]], ttl: float | None = None, _conn: Any = None
    ) -> bool:
        kept = 0
        expiry = () if ttl is None else ("PX", max(1, int(ttl * 1000)))
        for some in _pieces([pair for pair in pairs if len(pair[1]) <= self._max_value]):
            answers = await self.server.ask(
                *(("SET", key, self._seal.close(key, value), *expiry) for key, value in some)
            )
            for answer, (_, value) in zip(answers, some, strict=True):
                if answer:
                    kept += 1
                    self._stored_bytes += len(value)
        self._stored += kept
        return kept == len(pairs)

    async def _delete(self, key: str, _conn: Any = None) -> int:
        return await self._unlink([key])

    async def _clear(self, namespace: str | None = None, _conn: Any = None) -> bool:
        """Remove all below the namespace, or below one within it, in steps."""
        cursor: int | None = None
        while cursor != 0:
            cursor, keys = await self._step(namespace or "", cursor or 0)
            await self._unlink(keys)
        return self.server.is_up

    async def _close(self, *_: Any, **__: Any) -> None:
        await self.server.disconnect()

    async def _refuse(self, *_: Any, **__: Any) -> Never:
        raise TypeError("values have seals: only get, set, delete, scan and clear can be done")

    _add = _gets = _exists = _expire = _increment = _raw = _redlock_release = _refuse

    async def _read(self, keys: Sequence[str | bytes], most: int) -> list[bytes]:
        """Return the first `most` bytes below each key; none where there is nothing."""
        found: list[bytes] = []
        for some in _pieces(keys):
            # GETRANGE, as a value that others wrote may be of any length.
            answers = await self.server.ask(*(("GETRANGE", key, 0, most - 1) for key in some))
            found += [answer or b"" for answer in answers]
        return found

    async def _drop(self, keys: Sequence[str]) -> None:
        self._dropped += len(keys)
        if self._report.is_due():
            log.warning(
                "what no router with the same secret wrote was dropped from redis",
                dropped=self._dropped,
            )
        await self._unlink(keys)

    async def _unlink(self, keys: Sequence[str | bytes]) -> int:
        """Remove keys; what they hold Redis frees by and by."""
        removed = 0
        for some in _pieces(keys):
            (answer,) = await self.server.ask(("UNLINK", *some))
            removed += answer or 0
        return removed

    async def _step(self, prefix: str, cursor: int) -> tuple[int, list[bytes]]:
        """Return a cursor, which is 0 in the end, and some of the keys with a prefix."""
        pattern = _GLOB.sub(r"\\\g<0>", self._build_key(prefix)) + "*"
        (answer,) = await self.server.ask(("SCAN", cursor, "MATCH", pattern, "COUNT", STEP))
        return answer or (0, [])

    def _name(self, key: bytes) -> str | None:
        try:
            return key.decode().removeprefix(self.namespace)
        except UnicodeDecodeError:
            return None  # It is not one of ours: nobody could ask for it.


def _pieces(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE))
