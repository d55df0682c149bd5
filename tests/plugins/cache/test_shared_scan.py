"""Scans and clears of a cache in a real Redis."""

import pytest

from plugins.cache.entry import encode
from plugins.cache.shared import STEP
from plugins.cache.store import Store
from tests.plugins.cache.caches import TTL, caching, entry, scanned
from tests.servers.redis import Redis


async def test_a_scan_tells_heads_only(redis: Redis) -> None:
    """Of each value with the prefix come as many bytes as are asked for, without the seal."""
    async with caching(redis) as cache:
        store = Store(cache, max_answer=1_000_000)
        await store.put_many([entry(f"chat:{n}", "x" * 50_000) for n in range(3)], TTL)
        await store.put(entry("embed:0"), TTL)
        await cache.client.set("chat:elsewhere", b"x")
        found = await scanned(cache, "chat:", 50)
        whole = encode(entry("chat:1", "x" * 50_000))
        assert found["chat:1"] == whole[:50]
        assert found.keys() == {"chat:0", "chat:1", "chat:2"}
        assert len(await scanned(cache)) == 4
        heads = [pair async for step in store.heads("chat:") for pair in step]
        assert {key: head and head.key for key, head in heads} == {key: key for key in found}


async def test_a_scan_comes_in_steps(redis: Redis) -> None:
    """Many keys, ours and others', come piece by piece, each of bounded size, and all of them."""
    async with caching(redis) as cache:
        await cache.multi_set([(f"chat:{n}", b"x") for n in range(2000)], ttl=TTL)
        await cache.client.mset({f"other:{n}": b"x" for n in range(2000)})
        steps = [step async for step in cache.scan("chat:", 10)]
        assert len(steps) >= 4000 / STEP
        assert max(len(step) for step in steps) < 2 * STEP
        assert {key for step in steps for key, _ in step} == {f"chat:{n}" for n in range(2000)}


@pytest.mark.parametrize("prefix", ["*", "?", "[ab]", "\\", "chat:[a-z]*", "^"])
async def test_a_prefix_is_no_pattern(redis: Redis, prefix: str) -> None:
    """A prefix with a pattern's characters finds those that begin with them, and clears no more."""
    async with caching(redis, namespace="n*[s]?:") as cache:
        await cache.multi_set([(f"{prefix}x", b"1"), ("axa", b"2"), ("chat:b", b"3")], ttl=TTL)
        await cache.client.set("nn s?:chat:x", b"other")
        assert await scanned(cache, prefix) == {f"{prefix}x": b"1"}
        assert await cache.clear(namespace=prefix)
        assert len(await scanned(cache)) == 2
        assert await cache.client.exists("nn s?:chat:x")


async def test_what_is_no_entry_is_removed_with_them(redis: Redis) -> None:
    """A scan shows values that others put there, so that they go; those without a name are left."""
    async with caching(redis) as cache:
        await cache.client.lpush("localai:cache:chat:list", "x")
        await cache.client.set("localai:cache:chat:short", b"x")
        await cache.client.set(b"localai:cache:chat:\xff", b"x")
        store = Store(cache, max_answer=1000)
        assert await scanned(cache) == {"chat:list": b"", "chat:short": b""}
        assert await store.remove(lambda head: False) == 2
        assert await cache.clear()
        assert await cache.client.keys("*") == []


async def test_only_what_is_ours_is_cleared(redis: Redis) -> None:
    """Below the namespace nothing is left, in however many steps, and all else is there."""
    async with caching(redis) as cache, caching(redis, namespace="localai:cache2:") as other:
        await cache.multi_set([(f"chat:{n}", b"x") for n in range(1500)], ttl=TTL)
        await other.set("chat:1", b"theirs", ttl=TTL)
        assert await cache.clear()
        assert await scanned(cache) == {}
        assert await cache.client.dbsize() == 1
        assert await other.get("chat:1") == b"theirs"
