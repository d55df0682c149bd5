"""Limits in a real Redis: shared, and without it when it is away."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from structlog.testing import capture_logs

from localai import RateLimited
from plugins.auth.limits import shared as module
from plugins.auth.limits.limiter import Limiter
from plugins.auth.limits.pipe import PREFIX
from plugins.auth.limits.rules import Charge, Demand, Slot, rate
from plugins.auth.limits.shared import Shared
from tests.servers.redis import PASSWORD, Redis

PATIENT = 10.0
"""Seconds for an answer of Redis, where it does answer: this machine may be busy."""
SHORT = 0.06
"""Seconds; a little below the default, where Redis hangs."""
REQUESTS = Charge(rate("10/hour"), "requests", "requests", "your key")
TOKENS = Charge(rate("100/hour"), "tokens", "tokens", "your key")
ENDLESS = Charge(rate("1000000/hour"), "requests", "endless", "your key")
SLOT = Slot(4, "slot", "your key")


@asynccontextmanager
async def limiting(url: str, replicas: int = 2, timeout: float = PATIENT) -> AsyncIterator[Limiter]:
    """Run a limiter on a Redis."""
    limiter = Limiter(max_keys=100, shared=Shared(url, timeout), replicas=replicas)
    async with limiter.running():
        yield limiter


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often whether Redis is back."""
    monkeypatch.setattr(module, "LOOK", 0.02)


async def admitted(limiter: Limiter, demand: Demand, times: int, tokens: int = 0) -> int:
    """Return how many of so many calls get in."""
    found = await asyncio.gather(
        *(limiter.take(demand, tokens) for _ in range(times)), return_exceptions=True
    )
    assert all(isinstance(each, RateLimited) for each in found if isinstance(each, BaseException))
    return sum(not isinstance(each, BaseException) for each in found)


async def until_up(limiter: Limiter) -> None:
    """Wait until Redis is seen again."""
    async with asyncio.timeout(10):
        while limiter.report()["fallback"]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_several_routers_share_one_limit(redis: Redis) -> None:
    """Of many requests at once on three limiters, exactly as many get in as on one."""
    async with limiting(redis.url) as a, limiting(redis.url) as b, limiting(redis.url) as c:
        found = await asyncio.gather(
            *(admitted(limiter, Demand([REQUESTS]), 67) for limiter in (a, b, c))
        )
        assert sum(found) == 10
        assert a.report()["storage"] == "redis"
        assert a.report()["fallback"] is False


async def test_a_debt_is_shared(redis: Redis) -> None:
    """What one router settles another one knows; what a router gives back too."""
    async with limiting(redis.url) as one, limiting(redis.url) as other:
        taken = await one.take(Demand([TOKENS]), 10)
        settling = one.settle(taken, 95)
        assert settling is not None
        await settling
        assert await admitted(other, Demand([TOKENS]), 1, tokens=6) == 0
        taken = await other.take(Demand([TOKENS]), 5)
        settling = other.settle(taken, 0)
        assert settling is not None
        await settling
        assert await admitted(one, Demand([TOKENS]), 1, tokens=5) == 1


async def test_slots_are_shared_and_given_back(redis: Redis) -> None:
    """As many answers run at a time as the limit says, on all routers together."""
    async with limiting(redis.url) as one, limiting(redis.url) as other:
        taken = [await one.take(Demand([], [SLOT])) for _ in range(3)]
        assert await admitted(other, Demand([], [SLOT]), 5) == 1
        assert one.report()["running"] == 3
        settling = one.settle(taken[0], 0)
        assert settling is not None
        await settling
        assert await admitted(other, Demand([], [SLOT]), 5) == 1


async def test_the_slots_of_a_router_that_died_come_back(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lease that nobody renews ends; one whose answer runs on does not."""
    monkeypatch.setattr(module, "LEASE", 1.0)
    alive, dead = Shared(redis.url, PATIENT), Shared(redis.url, PATIENT)
    for shared in (alive, dead):
        for _ in range(2):
            assert (await shared.take(Demand([], [SLOT]), 0))[1] is None
    assert (await alive.take(Demand([], [SLOT]), 0))[1] == SLOT
    for _ in range(6):
        await asyncio.sleep(0.2)
        await alive._renew_all()
    found = [(await alive.take(Demand([], [SLOT]), 0))[1] for _ in range(3)]
    assert found == [None, None, SLOT]
    for shared in (alive, dead):
        await shared._pipe.close()


async def test_what_was_given_back_is_not_renewed(redis: Redis) -> None:
    """A renewal that comes after the end of an answer does not take its slot again."""
    shared = Shared(redis.url, PATIENT)
    taken, _ = await shared.take(Demand([], [SLOT]), 0)
    await shared.settle(taken, 0)
    shared._leases[taken.lease] = taken.slots
    await shared._renew_all()
    assert await shared._pipe.redis.zcard(f"{PREFIX}:{SLOT.key}") == 0
    await shared._pipe.close()


@pytest.mark.usefixtures("soon")
async def test_without_redis_each_router_allows_its_part(redis: Redis) -> None:
    """While it is away limits hold in memory, stricter; when it is back, they are shared again."""
    async with limiting(redis.url, replicas=3) as limiter:
        assert await admitted(limiter, Demand([REQUESTS]), 4) == 4
        redis.stop()
        with capture_logs() as logs:
            assert await admitted(limiter, Demand([REQUESTS], [SLOT]), 5) == 1
            assert await admitted(limiter, Demand([REQUESTS]), 5) == 2
        assert [log["log_level"] for log in logs] == ["warning"]
        assert limiter.report()["fallback"] is True
        redis.start()
        await until_up(limiter)
        assert await admitted(limiter, Demand([REQUESTS]), 20) == 10


async def test_it_starts_without_redis(redis: Redis) -> None:
    """A Redis that is away at the start is no reason to stay down."""
    redis.stop()
    async with limiting(redis.url) as limiter:
        assert limiter.report()["fallback"] is True
        assert await admitted(limiter, Demand([REQUESTS]), 20) == 5


async def test_a_redis_that_hangs_costs_once(redis: Redis) -> None:
    """The first requests wait for at most 100 ms, those after them not at all."""
    async with limiting(redis.url, timeout=SHORT) as limiter:
        await limiter.take(Demand([ENDLESS]))
        redis.pause()
        times = []
        for _ in range(200):
            began = time.perf_counter()
            await limiter.take(Demand([ENDLESS], [SLOT._replace(most=1000)]))
            times.append(time.perf_counter() - began)
        redis.resume()
    # Well beyond what is promised, as the machine may be busy; 100 ms each would be 20 seconds.
    assert times[0] < 1
    assert sum(times[1:]) < 2


async def test_many_at_once_wait_for_a_redis_that_hangs_no_longer(redis: Redis) -> None:
    """More requests than connections are not queued behind each other's waits."""
    async with limiting(redis.url, timeout=SHORT) as limiter:
        await limiter.take(Demand([ENDLESS]))
        redis.pause()
        began = time.perf_counter()
        assert await admitted(limiter, Demand([ENDLESS]), 200) == 200
        # One after the other they would wait for 20 seconds.
        assert time.perf_counter() - began < 2
        redis.resume()


@pytest.mark.usefixtures("soon")
async def test_a_redis_that_hangs_is_found_again(redis: Redis) -> None:
    """After SIGCONT limits are shared again, and no request had to try."""
    async with limiting(redis.url, timeout=0.5) as limiter:
        await limiter.take(Demand([REQUESTS]))
        redis.pause()
        await limiter.take(Demand([REQUESTS]))
        assert limiter.report()["fallback"] is True
        redis.resume()
        await until_up(limiter)
        assert await admitted(limiter, Demand([REQUESTS]), 20) in (8, 9)


async def test_what_is_settled_while_redis_is_away_is_not_lost(redis: Redis) -> None:
    """A debt counts in memory, where the limit holds meanwhile; a slot's lease ends by itself."""
    async with limiting(redis.url) as limiter:
        taken = await limiter.take(Demand([TOKENS], [SLOT]), 10)
        redis.stop()
        settling = limiter.settle(taken, 55)
        assert settling is not None
        await settling
        assert limiter.report()["running"] == 0
        assert await admitted(limiter, Demand([TOKENS]), 1, tokens=6) == 0
        assert await admitted(limiter, Demand([TOKENS]), 1, tokens=5) == 1


async def test_the_end_waits_for_what_is_being_settled(redis: Redis) -> None:
    """A router that stops leaves nothing open."""
    async with limiting(redis.url) as limiter:
        taken = await limiter.take(Demand([TOKENS], [SLOT]), 10)
        limiter.settle(taken, 95)
    async with limiting(redis.url) as limiter:
        assert await admitted(limiter, Demand([TOKENS]), 1, tokens=6) == 0
        assert await admitted(limiter, Demand([], [SLOT]), 9) == 4


async def test_a_call_that_is_cancelled_while_redis_is_asked_holds_nothing(redis: Redis) -> None:
    """What Redis gives to somebody who has left goes back: slots and tokens, not the request."""
    demand = Demand([ENDLESS, TOKENS], [SLOT])
    async with limiting(redis.url) as limiter:
        for turns in range(40):
            task = asyncio.create_task(limiter.take(demand, 90))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with suppress(asyncio.CancelledError, RateLimited):
                settling = limiter.settle(await task, 0)
                assert settling is not None
                await settling
        assert limiter.report()["fallback"] is False
        assert limiter.report()["running"] == 0
    async with limiting(redis.url) as limiter:
        assert await admitted(limiter, Demand([], [SLOT]), 9) == 4
        assert await admitted(limiter, Demand([TOKENS]), 1, tokens=100) == 1


async def test_a_password_is_told_to_nobody(redis: Redis) -> None:
    """Neither the log nor the report has the address of Redis."""
    redis.stop()
    with capture_logs() as logs:
        async with limiting(redis.url) as limiter:
            assert PASSWORD not in f"{logs}{limiter.report()}{vars(limiter)}"
