"""Leases in a real Redis: one router leads, others wait, and nobody waits for one that has died."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from plugins.cache import lease as module
from plugins.cache import server
from plugins.cache.lease import Leases
from plugins.cache.shared import SharedCache
from tests.servers.redis import Redis

PATIENT = 5.0
"""Seconds; for what is answered, on machines that are busy."""
NAME = "localai:cache-lease:chat:a"


@asynccontextmanager
async def leasing(redis: Redis, timeout: float = PATIENT) -> AsyncIterator[Leases]:
    """Give leases, as one process does."""
    cache = SharedCache(redis.url, timeout=timeout)
    async with cache.running():
        yield Leases(cache)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have leases end and be renewed soon."""
    monkeypatch.setattr(module, "LASTS", 1.0)
    monkeypatch.setattr(module, "RENEWED", 0.05)


async def held(leases: Leases) -> bool:
    """Say whether Redis knows of a lease."""
    return (await leases._server.ask(("EXISTS", NAME))) == [1]


async def test_of_two_processes_one_leads(redis: Redis) -> None:
    """One that asks second gets no lease, until the first one gives it back."""
    async with leasing(redis) as one, leasing(redis) as other:
        lease = await one.take("chat:a")
        assert lease is not None
        assert await other.take("chat:a") is None
        another = await other.take("chat:b")
        assert another is not None
        await one.release(lease)
        again = await other.take("chat:a")
        assert again is not None
        for each in (another, again):
            await other.release(each)
        assert not await held(one)


async def test_of_many_at_once_one_leads(redis: Redis) -> None:
    """However many ask at the same time, there is one lease."""
    async with leasing(redis) as one, leasing(redis) as other:
        asked = [leases.take("chat:a") for leases in (one, other) for _ in range(20)]
        taken = [lease for lease in await asyncio.gather(*asked) if lease is not None]
        assert len(taken) == 1
        await one.release(taken[0])


async def test_a_lease_that_was_given_back_is_renewed_no_more(redis: Redis) -> None:
    """To release a lease ends its task."""
    async with leasing(redis) as leases:
        lease = await leases.take("chat:a")
        assert lease is not None
        assert lease.keeper is not None
        await leases.release(lease)
        assert lease.keeper.done()
        await leases.release(lease)  # to no harm


@pytest.mark.usefixtures("short")
async def test_a_lease_lasts_while_its_holder_lives(redis: Redis) -> None:
    """It is renewed for as long as the answer takes, and ends by itself after its holder."""
    async with leasing(redis) as one, leasing(redis) as other:
        lease = await one.take("chat:a")
        assert lease is not None
        assert lease.keeper is not None
        assert not await other.wait("chat:a", 2 * module.LASTS)
        lease.keeper.cancel()  # as if the process died
        assert await other.wait("chat:a", PATIENT)
        assert await other.take("chat:a") is not None


async def test_who_gives_back_late_takes_nothing_from_others(redis: Redis) -> None:
    """A lease that has ended and is another's now is neither renewed nor released."""
    async with leasing(redis) as one, leasing(redis) as other:
        late = await one.take("chat:a")
        assert late is not None
        await one._server.ask(("UNLINK", NAME))  # as if its time were over
        lease = await other.take("chat:a")
        assert lease is not None
        (before,) = await other._server.ask(("PTTL", NAME))
        (renewed,) = await one._server.ask(("EVAL", module._RENEW, 1, NAME, late.token, 99_000))
        await one.release(late)
        (after,) = await other._server.ask(("PTTL", NAME))
        assert renewed == 0
        assert 0 < after <= before
        await other.release(lease)


async def test_who_waits_is_woken_by_the_end(redis: Redis) -> None:
    """A second router goes on soon after the first has given the lease back."""
    async with leasing(redis) as one, leasing(redis) as other:
        lease = await one.take("chat:a")
        assert lease is not None
        waiting = asyncio.create_task(other.wait("chat:a", 60))
        assert await held(other)
        assert not waiting.done()
        await one.release(lease)
        async with asyncio.timeout(10):
            assert await waiting
        assert await other.wait("chat:never led", 60)


async def test_who_waits_too_long_goes_on(redis: Redis) -> None:
    """No wait is longer than its time, and looks become few."""
    async with leasing(redis) as one, leasing(redis) as other:
        lease = await one.take("chat:a")
        assert lease is not None
        began = time.monotonic()
        assert not await other.wait("chat:a", 1.0)
        assert time.monotonic() - began >= 1.0
        stats = await _stats(other)
        assert stats["calls"] <= 16  # 10 ms to 200 ms; 100 at an even pace
        assert not await other.wait("chat:a", 0)
        await one.release(lease)


async def _stats(leases: Leases) -> dict[str, int]:
    found = await leases._server._client.info("commandstats")
    stats: dict[str, int] = found["cmdstat_exists"]
    return stats


async def test_without_redis_everybody_leads(redis: Redis) -> None:
    """Whoever asks gets a lease, which binds nobody, and nobody waits."""
    redis.stop()
    async with leasing(redis) as one, leasing(redis) as other:
        for leases in (one, other):
            lease = await leases.take("chat:a")
            assert lease is not None
            assert lease.keeper is None
            assert not await leases.wait("chat:a", 60)
            await leases.release(lease)


async def test_a_full_redis_lets_everybody_lead(redis: Redis) -> None:
    """A Redis that takes no lease keeps nobody from running."""
    async with leasing(redis) as leases:
        await leases._server.ask(("CONFIG", "SET", "maxmemory", "1"))
        lease = await leases.take("chat:a")
        assert lease is not None
        assert lease.keeper is None


async def test_who_waits_goes_on_when_redis_goes(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Redis that dies ends all waits, and its leases are gone with it."""
    monkeypatch.setattr(server, "LOOK", 0.02)
    async with leasing(redis) as one, leasing(redis) as other:
        lease = await one.take("chat:a")
        assert lease is not None
        waiting = asyncio.create_task(other.wait("chat:a", 60))
        await asyncio.sleep(0)
        redis.stop()
        async with asyncio.timeout(10):
            assert not await waiting
        redis.start()
        async with asyncio.timeout(10):
            while not other._server.is_up:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert await other.wait("chat:a", 60)  # it went with Redis
        await one.release(lease)


async def test_whoever_leaves_while_taking_holds_nothing_for_long(redis: Redis) -> None:
    """Wherever taking is cancelled, what is left is a lease that ends, and nobody renews it."""
    async with leasing(redis) as leases:
        for turns in range(100):
            task = asyncio.create_task(leases.take("chat:a"))
            for _ in range(turns):
                await asyncio.sleep(0)
            if task.done():
                break
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not [task for task in asyncio.all_tasks() if task.get_name() == "renew a lease"]
            (left,) = await leases._server.ask(("PTTL", NAME))
            assert left == -2 or 0 < left <= module.LASTS * 1000
            await leases._server.ask(("UNLINK", NAME))
        lease = await task
        assert lease is not None
        await leases.release(lease)


async def test_leases_are_no_entries(redis: Redis) -> None:
    """To scan or clear the cache leaves leases alone."""
    cache = SharedCache(redis.url, timeout=PATIENT)
    async with cache.running():
        leases = Leases(cache)
        lease = await leases.take("chat:a")
        assert lease is not None
        assert [pair async for step in cache.scan("", 10) for pair in step] == []
        assert await cache.clear()
        assert await held(leases)
        await leases.release(lease)
