"""What the bounded memory costs: real memory, CPU of a hit, and turns of others."""

import asyncio
import time
from collections.abc import Coroutine, Iterator
from contextlib import aclosing
from typing import Any

import pytest

from benchmarks.cache_memory import measure
from plugins.cache.memory import STEP, BoundedMemory
from tests.pace import cpu_seconds

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
    best = min([await cpu_of_hits(cache, keys) for _ in range(20)])
    assert best < len(keys) * cpu_seconds(5e-6)


async def test_no_step_of_a_scan_holds_the_loop() -> None:
    """No step through 100,000 entries takes 1 ms of CPU."""
    cache = await filled(MOST)
    runs = [sorted(turns(last_of_scan(cache))) for _ in range(3)]
    assert all(len(run) > MOST / STEP for run in runs)
    assert min(run[-1] for run in runs) < cpu_seconds(0.001)


async def test_no_step_of_clearing_holds_the_loop() -> None:
    """No step of clearing 100,000 entries takes 1 ms of CPU."""
    cache = await filled(MOST)
    steps = sorted(turns(cache.clear()))
    assert len(cache) == 0
    # A machine that is busy may spoil a few, and it can't be done twice.
    assert steps[-10] < cpu_seconds(0.001)


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


async def cpu_of_hits(cache: BoundedMemory, keys: list[str]) -> float:
    """Return the seconds of CPU that it takes to look all of these up."""
    began = time.process_time()
    for key in keys:
        await cache.get(key)
    return time.process_time() - began


async def last_of_scan(cache: BoundedMemory) -> str:
    """Return the key that a scan finds last."""
    last = ""
    async with aclosing(cache.scan("chat:", 4096)) as steps:
        async for step in steps:
            last = step[-1][0]
    return last


def turns(coroutine: Coroutine[Any, Any, Any]) -> Iterator[float]:
    """Run a coroutine to its end; yield the seconds of CPU between two turns of others."""
    ended = False
    while not ended:
        began = time.thread_time()
        try:
            coroutine.send(None)
        except StopIteration:
            ended = True
        yield time.thread_time() - began


def _key(number: int) -> str:
    return f"chat:{number:064x}"
