"""What the bounded memory costs: real memory, CPU of a hit, and turns of others."""

import asyncio
from contextlib import aclosing

import pytest

from benchmarks.cache_memory import measure
from plugins.cache.memory import STEP, BoundedMemory
from tests.pace import longest_step, steps, within_async

MOST = 100_000


@pytest.mark.parametrize(("entries", "size"), [(MOST, 50), (MOST, 2_000), (2_000, 100_000)])
def test_the_bound_is_that_of_real_memory(entries: int, size: int) -> None:
    """A full cache takes as much memory as it may, within 10 %, whatever is in it."""
    row = measure(entries, size, hits=1)
    assert 0.9 <= row.real / row.configured <= 1.1


async def test_a_hit_costs_the_same_however_many_entries() -> None:
    """A hit among 100,000 entries takes 5 µs at most, 3 % of what a request may, like any other."""
    cache = await filled(MOST)
    keys = [_key(number) for number in range(0, MOST, MOST // 1_000)]
    await within_async(len(keys) * 5e-6, lambda: look_up(cache, keys))


async def test_no_step_of_a_scan_holds_the_loop() -> None:
    """No step through 100,000 entries takes 1 ms of CPU."""
    cache = await filled(MOST)
    assert len(list(steps(last_of_scan(cache)))) > MOST / STEP
    assert longest_step(lambda: last_of_scan(cache)) < 0.001


async def test_no_step_of_clearing_holds_the_loop() -> None:
    """No step of clearing 100,000 entries takes 1 ms of CPU."""
    caches = iter([await filled(MOST // 4) for _ in range(4)])
    assert longest_step(lambda: next(caches).clear(), tries=4) < 0.001


async def test_others_have_their_turn_during_a_scan() -> None:
    """While a scan goes through many entries, another task runs after each step."""
    cache = await filled(10 * STEP)
    ran = 0

    async def other() -> None:
        nonlocal ran
        while True:
            ran += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    assert await last_of_scan(cache) == _key(10 * STEP - 1)
    assert ran >= 9
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def filled(entries: int) -> BoundedMemory:
    """Return a full cache."""
    cache = BoundedMemory(max_entries=entries, max_bytes=entries * 3_000)
    value = b"x" * 2_000
    for number in range(entries):
        await cache.set(_key(number), value, ttl=60)
    return cache


async def look_up(cache: BoundedMemory, keys: list[str]) -> None:
    """Get each of these from a cache."""
    for key in keys:
        await cache.get(key)


async def last_of_scan(cache: BoundedMemory) -> str:
    """Return the key that a scan finds last."""
    last = ""
    async with aclosing(cache.scan("chat:", 4096)) as steps:
        async for step in steps:
            last = step[-1][0]
    return last


def _key(number: int) -> str:
    return f"chat:{number:064x}"
