"""The scripts in Redis do what the memory does."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localai import RateLimited
from plugins.auth.limits.limiter import Limiter
from plugins.auth.limits.pipe import PREFIX
from plugins.auth.limits.rules import Charge, Demand, Slot, rate
from plugins.auth.limits.shared import Shared
from plugins.auth.limits.taken import Taken
from tests.servers.redis import Redis

FEW = Charge(rate("3/hour"), "requests", "few", "your key")
MANY = Charge(rate("9/day"), "requests", "many", "your tenant")
WORDS = Charge(rate("100/hour"), "tokens", "words", "your key")
SLOTS = (Slot(2, "one", "your key"), Slot(3, "other", "your tenant"))

TAKES = st.tuples(
    st.lists(st.sampled_from([FEW, MANY, WORDS]), unique=True, max_size=3),
    st.lists(st.sampled_from(SLOTS), unique=True, max_size=2),
    st.integers(0, 120),
)
SETTLES = st.tuples(st.integers(0, 5), st.integers(0, 200))


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    """A loop for many examples: hypothesis can't wait itself."""
    with asyncio.Runner() as runner:
        yield runner


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(TAKES | SETTLES, max_size=12))
def test_redis_and_memory_agree(loop: asyncio.Runner, redis: Redis, steps: list[Any]) -> None:
    """Whatever is taken and settled, both admit the same and tell the same of it."""
    loop.run(_both(redis.url, steps))


async def _both(url: str, steps: list[Any]) -> None:
    shared = Shared(url, timeout=5)
    here, there = Limiter(max_keys=10), Limiter(max_keys=10, shared=shared)
    open_here: list[Taken] = []
    open_there: list[Taken] = []
    async with there.running():
        await shared._pipe.redis.flushdb()
        for step in steps:
            if len(step) == 3:
                charges, slots, tokens = step
                demand = Demand(charges, slots)
                one, other = await _take(here, demand, tokens), await _take(there, demand, tokens)
                if isinstance(one, Taken) and isinstance(other, Taken):
                    assert here.headers(one.standings) == there.headers(other.standings)
                    open_here.append(one)
                    open_there.append(other)
                else:
                    assert _told(one) == _told(other)
            elif open_here:
                at, tokens = step
                at %= len(open_here)
                here.settle(open_here.pop(at), tokens)
                settling = there.settle(open_there.pop(at), tokens)
                assert settling is not None
                await settling
        assert shared.is_up
        for charge in (FEW, MANY, WORDS):
            count = await shared._pipe.redis.get(f"{PREFIX}:{charge.key}")
            assert int(count or 0) == here._callers.get(charge.key)
        for slot in SLOTS:
            held = await shared._pipe.redis.zcard(f"{PREFIX}:{slot.key}")
            assert held == here._running[slot.key]


async def _take(limiter: Limiter, demand: Demand, tokens: int) -> Taken | RateLimited:
    try:
        return await limiter.take(demand, tokens)
    except RateLimited as error:
        return error


def _told(answer: Taken | RateLimited) -> tuple[str, str]:
    assert isinstance(answer, RateLimited)
    return answer.message, answer.type


async def test_nothing_stays_in_redis_for_ever(redis: Redis) -> None:
    """Every counter and every lease ends by itself."""
    shared = Shared(redis.url, timeout=5)
    async with shared.connected():
        taken, refused = await shared.take(Demand([FEW, WORDS], SLOTS), 5)
        assert refused is None
        await shared._renew_all()
        await shared.settle(taken, 50)
        await shared.take(Demand([FEW, WORDS], SLOTS), 5)
        keys = await shared._pipe.redis.keys("*")
        assert len(keys) == 4
        assert all([await shared._pipe.redis.pttl(key) > 0 for key in keys])
