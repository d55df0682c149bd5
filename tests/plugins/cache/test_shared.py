"""A cache in a real Redis: whatever is wrong with that, a value is not there, and nothing fails."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from localai import SettingsError
from plugins.cache import seal, server
from plugins.cache.entry import encode
from plugins.cache.seal import Seal
from plugins.cache.shared import AT_ONCE, SharedCache
from plugins.cache.store import Backend, Store
from tests.plugins.cache.caches import HASTY, PATIENT, TTL, caching, entry, scanned
from tests.servers.redis import PASSWORD, Redis


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what Redis will say soon."""
    async with asyncio.timeout(10):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def _is_up(cache: SharedCache) -> bool:
    return cache.server.is_up


async def _is_gone(cache: SharedCache, key: str) -> bool:
    return await cache.get(key) is None


async def _is_alone(cache: SharedCache) -> bool:
    return bool((await cache.client.info("clients"))["connected_clients"] == 1)


async def calls_of(cache: SharedCache) -> set[str]:
    """Return the commands that Redis has been sent."""
    return {name.removeprefix("cmdstat_") for name in await cache.client.info("commandstats")}


async def test_two_routers_share_what_one_keeps(redis: Redis) -> None:
    """What one cache sets another one gets, until it expires or is deleted."""
    async with caching(redis) as one, caching(redis) as other:
        backend: Backend = one
        assert await backend.set("chat:a", b"\x00answer\xff", ttl=TTL)
        assert await other.get("chat:a") == b"\x00answer\xff"
        assert 30_000 < await one.client.pttl("localai:cache:chat:a") <= 60_000
        assert await other.delete("chat:a") == 1
        assert await one.delete("chat:a") == 0
        assert await one.get("chat:a") is None
        assert await one.set("chat:b", b"", ttl=0.001)
        await until(lambda: _is_gone(other, "chat:b"))


KEYS = st.sampled_from([f"chat:{number}" for number in range(4)])
VALUES = st.binary(max_size=40)
PAIRS = st.lists(st.tuples(KEYS, VALUES), max_size=6)
STEPS = st.lists(
    st.tuples(st.just("set"), KEYS, VALUES)
    | st.tuples(st.just("delete"), KEYS)
    | st.tuples(st.just("multi_set"), PAIRS)
    | st.tuples(st.just("multi_get"), st.lists(KEYS, max_size=6))
    | st.tuples(st.just("clear")),
    max_size=20,
)
_spaces = itertools.count()


@given(steps=STEPS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_it_holds_what_a_dictionary_would(redis: Redis, steps: list[tuple[Any, ...]]) -> None:
    """After any accesses each key has the value that was set last, and nothing else is there."""
    held: dict[str, bytes] = {}
    async with caching(redis, namespace=f"space {next(_spaces)}:", secret=b"s") as cache:
        for step, *arguments in steps:
            match step, arguments:
                case "set", [key, value]:
                    assert await cache.set(key, value, ttl=TTL)
                    held[key] = value
                case "delete", [key]:
                    assert await cache.delete(key) == (held.pop(key, None) is not None)
                case "multi_set", [pairs]:
                    assert await cache.multi_set(pairs, ttl=TTL)
                    held.update(pairs)
                case "multi_get", [keys]:
                    assert await cache.multi_get(keys) == [held.get(key) for key in keys]
                case "clear", []:
                    assert await cache.clear()
                    held.clear()
        assert await scanned(cache) == held
        for key, value in held.items():
            assert await cache.get(key) == value


async def test_several_are_set_and_got_in_order(redis: Redis) -> None:
    """Of more than one question holds, each key has its value; those that are unknown have none."""
    async with caching(redis) as cache:
        pairs = [(f"embed:{number}", b"%d" % number) for number in range(3 * AT_ONCE + 1)]
        assert await cache.multi_set(pairs, ttl=TTL)
        keys = [key for pair in pairs for key in (pair[0], f"{pair[0]} unknown")]
        found = await cache.multi_get(keys)
        assert found[::2] == [value for _, value in pairs]
        assert set(found[1::2]) == {None}
        assert await cache.multi_get([]) == []
        assert cache.figures()["stored"] == len(pairs)


async def test_many_at_once_share_the_connections(redis: Redis) -> None:
    """Of 400 gets at once each has its own value, over no more connections than are allowed."""
    async with caching(redis) as cache:
        await cache.multi_set([(f"chat:{n}", b"%d" % n) for n in range(400)], ttl=TTL)
        found = await asyncio.gather(*(cache.get(f"chat:{n}") for n in range(400)))
        assert found == [b"%d" % n for n in range(400)]
        assert (await cache.client.info("clients"))["connected_clients"] <= 50 + 1
        assert cache.figures()["failures"] == 0


async def test_no_command_is_one_that_stops_redis(redis: Redis) -> None:
    """Redis is neither listed nor emptied at once, and is not sent what is deprecated."""
    async with caching(redis) as cache:
        await cache.multi_set([("chat:a", b"a"), ("chat:b", b"b")], ttl=TTL)
        await cache.get("chat:a")
        await scanned(cache)
        await cache.clear()
        assert {"set", "getrange", "scan", "unlink"} <= await calls_of(cache)
        assert not await calls_of(cache) & {"keys", "flushdb", "flushall", "psetex", "setex", "del"}


NAME = "localai:cache:chat:a"
Tamper = Callable[[Any, bytes], Awaitable[Any]]


async def _make_a_list(client: Any, kept: bytes) -> None:
    await client.unlink(NAME)
    await client.lpush(NAME, kept)


@pytest.mark.parametrize(
    "tamper",
    [
        lambda client, kept: client.set(NAME, b"poison"),
        lambda client, kept: client.set(NAME, b"p" * 1000),
        lambda client, kept: client.set(NAME, b"p" * 40_000_000),
        lambda client, kept: client.set(NAME, kept[:-1]),
        lambda client, kept: client.set(NAME, kept[: seal.LENGTH]),
        lambda client, kept: client.set(NAME, kept + b"\0"),
        lambda client, kept: client.setbit(NAME, 8 * len(kept) - 1, 1 - (kept[-1] & 1)),
        lambda client, kept: client.copy("localai:cache:chat:b", NAME, replace=True),
        lambda client, kept: client.set(NAME, Seal().close(NAME, kept[seal.LENGTH :])),
        _make_a_list,
    ],
    ids=["short", "long", "huge", "cut", "empty", "more", "flipped", "moved", "unkeyed", "list"],
)
async def test_what_others_wrote_is_no_answer(redis: Redis, tamper: Tamper) -> None:
    """A value that is poisoned, cut, changed, moved, huge or of another type is a miss and goes."""
    async with caching(redis, secret=b"of routers") as cache:
        await cache.multi_set([("chat:a", b"answer"), ("chat:b", b"other")], ttl=TTL)
        await tamper(cache.client, await cache.client.get(NAME))
        with capture_logs() as logs:
            assert await cache.multi_get(["chat:a", "chat:b"]) == [None, b"other"]
        assert [log["log_level"] for log in logs] == ["warning"]
        assert "chat:a" not in str(logs)
        assert not await cache.client.exists(NAME)
        figures = cache.figures()
        assert (figures["dropped"], figures["refused"], figures["up"]) == (1, 0, True)


async def test_routers_with_different_secrets_share_nothing(redis: Redis) -> None:
    """An answer of one that has not the same secret is a miss."""
    async with caching(redis, secret=b"one") as one, caching(redis, secret=b"two") as other:
        await one.set("chat:a", b"answer", ttl=TTL)
        assert await other.get("chat:a") is None


async def test_an_entry_of_another_version_is_a_miss(redis: Redis) -> None:
    """What a router of another version kept goes; so does what is under a wrong key, or empty."""
    async with caching(redis) as cache:
        store = Store(cache, max_answer=1_000_000)
        assert await store.put(entry("chat:a"), TTL)
        assert await store.get("chat:a") == entry("chat:a")
        older = b"\x01" + encode(entry("chat:a"))[1:]
        for value in (older, encode(entry("chat:b")), b""):
            await cache.set("chat:a", value, ttl=TTL)
            assert await store.get("chat:a") is None
            assert not await cache.client.exists(NAME)


async def test_what_is_too_long_is_not_kept(redis: Redis) -> None:
    """The longest value is kept and read whole; a longer one costs no question."""
    async with caching(redis, max_value=1000) as cache:
        assert await cache.set("chat:a", b"x" * 1000, ttl=TTL)
        assert await cache.get("chat:a") == b"x" * 1000
        assert not await cache.set("chat:b", b"x" * 1001, ttl=TTL)
        assert not await cache.multi_set([("chat:b", b"x" * 1001), ("chat:c", b"c")], ttl=TTL)
        assert await cache.multi_get(["chat:b", "chat:c"]) == [None, b"c"]


async def test_a_full_redis_still_gives_what_it_has(redis: Redis) -> None:
    """Nothing more is kept, which is said once; reading goes on, and keeping when there is room."""
    async with caching(redis) as cache:
        assert await cache.set("chat:a", b"answer", ttl=TTL)
        await cache.client.config_set("maxmemory-policy", "noeviction")
        await cache.client.config_set("maxmemory", "1")
        with capture_logs() as logs:
            for _ in range(10):
                assert not await cache.set("chat:b", b"x" * 10, ttl=TTL)
                assert await cache.get("chat:a") == b"answer"
            assert not await cache.multi_set([("chat:b", b"b"), ("chat:c", b"c")], ttl=TTL)
        assert [(log["log_level"], log["error"]) for log in logs] == [("warning", "OOM")]
        figures = cache.figures()
        assert (figures["up"], figures["refused"], figures["stored"]) == (True, 12, 1)
        assert await cache.delete("chat:a") == 1
        await cache.client.config_set("maxmemory", "0")
        assert await cache.set("chat:b", b"answer", ttl=TTL)


async def test_one_that_only_reads_is_read(redis: Redis) -> None:
    """A replica gives what it has and keeps nothing."""
    async with caching(redis) as cache:
        assert await cache.set("chat:a", b"answer", ttl=TTL)
        await cache.client.replicaof("127.0.0.1", 1)
        assert not await cache.set("chat:b", b"answer", ttl=TTL)
        assert await cache.get("chat:a") == b"answer"


async def test_without_redis_nothing_is_there_and_nothing_fails(redis: Redis) -> None:
    """All that can be asked says so, from a start without Redis on, and costs one failure."""
    redis.stop()
    with capture_logs() as logs:
        async with caching(redis) as cache:
            assert await cache.get("chat:a") is None
            assert await cache.multi_get(["chat:a", "chat:b"]) == [None, None]
            assert await cache.set("chat:a", b"answer", ttl=TTL) is False
            assert await cache.multi_set([("chat:a", b"answer")], ttl=TTL) is False
            assert await cache.delete("chat:a") == 0
            assert await scanned(cache) == {}
            assert await cache.clear() is False
            assert (cache.figures()["up"], cache.figures()["failures"]) == (False, 1)
    assert [log["log_level"] for log in logs] == ["warning"]
    assert PASSWORD not in f"{logs}{cache!r}{vars(cache)}"


async def test_it_is_shared_again_after_a_restart(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was kept is gone with it; what is kept afterwards is found."""
    monkeypatch.setattr(server, "LOOK", 0.02)
    async with caching(redis) as cache:
        await cache.set("chat:a", b"answer", ttl=TTL)
        redis.stop()
        assert await cache.get("chat:a") is None
        redis.start()
        await until(lambda: _is_up(cache))
        assert await cache.get("chat:a") is None
        assert await cache.set("chat:a", b"again", ttl=TTL)
        assert await cache.get("chat:a") == b"again"


async def test_one_that_hangs_costs_each_request_one_timeout_at_most(redis: Redis) -> None:
    """More requests than connections wait together, and those that come after them not at all."""
    async with caching(redis, HASTY, connections=4) as cache:
        redis.pause()
        async with asyncio.timeout(30 * HASTY):  # 50 of them, were they waited for in turn
            found = await asyncio.gather(*(cache.get(f"chat:{n}") for n in range(200)))
            found += [await cache.get(f"chat:{n}") for n in range(200)]
        assert found == [None] * 400
        redis.resume()


async def test_what_would_go_past_the_seals_is_refused(redis: Redis) -> None:
    """What else aiocache can do raises and reaches no Redis."""
    async with caching(redis) as cache:
        for call in (
            cache.add("a", b"x"),
            cache.exists("a"),
            cache.expire("a", 1),
            cache.increment("a"),
            cache.raw("flushdb"),
            cache._redlock_release("a", b"x"),
        ):
            with pytest.raises(TypeError, match="only get, set"):
                await call
        assert await calls_of(cache) == {"auth", "ping"}


async def test_its_end_leaves_no_connection(redis: Redis) -> None:
    """When it stops, or is closed as aiocache's are, Redis has nobody left."""
    async with caching(redis) as watcher:
        async with caching(redis) as cache:
            await asyncio.gather(*(cache.get(f"chat:{n}") for n in range(20)))
        async with SharedCache(redis.url, timeout=PATIENT) as cache:
            await cache.get("chat:a")
        await until(lambda: _is_alone(watcher))


def test_a_wrong_address_or_namespace_is_refused() -> None:
    """What can't be used is said at the start, without what was written."""
    with pytest.raises(SettingsError, match="redis://HOST:6379/0") as caught:
        SharedCache("http://user:secret@box")
    assert "secret" not in str(caught.value)
    with pytest.raises(ValueError, match="namespace"):
        SharedCache("redis://box", namespace="")
