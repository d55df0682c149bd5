"""Measure the cache in memory alone: `python -m benchmarks.cache_memory`.

Each row is measured in a process of its own, which holds nothing but the cache.
"""

import argparse
import asyncio
import gc
import multiprocessing
import resource
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from plugins.cache.memory import ENTRY_OVERHEAD, BoundedMemory

ENTRIES = (1_000, 10_000, 100_000)
SIZE = 2_000
"""Bytes of a value, as a chat's answer of some 300 tokens has them."""
OTHERS = ((100_000, 50), (2_000, 100_000))
"""More rows, in entries and bytes of a value: the smallest and the largest that are usual."""
HITS = 50_000

_TTL = 3600.0
_STRIDE = 7919
"""A prime, so that every entry has its turn."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What was measured of one cache; times in microseconds."""

    entries: int
    size: int
    """Bytes of a value."""
    configured: int
    """Bytes that it may take."""
    real: int
    """Resident bytes that it takes when it is full and each entry has made room for another."""
    p50: float
    p99: float
    """Of the time that a hit takes, by the clock."""
    get: float
    set: float
    """CPU of a hit, and of an entry that is made, put in, and pushes another one out."""


def measure(entries: int, size: int, hits: int = HITS) -> Row:
    """Measure a cache that is just large enough for so many entries, in a fresh process."""
    # Spawned, as a forked one would have the memory of this one.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_run, entries, size, hits).result()


def markdown(rows: list[Row]) -> str:
    """Return the rows as a table."""
    lines = [
        "| entries | bytes of a value | hit p50, µs | hit p99, µs | CPU of get, µs | CPU of set, µs"
        " | configured, MB | real, MB | real / configured |",
        "|" + "---:|" * 9,
    ]
    lines += [
        f"| {row.entries:,} | {row.size:,} | {row.p50:.1f} | {row.p99:.1f} | {row.get:.1f}"
        f" | {row.set:.1f} | {row.configured / 1e6:.1f} | {row.real / 1e6:.1f}"
        f" | {row.real / row.configured:.2f} |"
        for row in rows
    ]
    return "\n".join(lines)


def _run(entries: int, size: int, hits: int) -> Row:
    return asyncio.run(_measured(entries, size, hits))


async def _measured(entries: int, size: int, hits: int) -> Row:
    # As the router does: no collection in the middle of what is timed.
    gc.disable()
    configured = entries * (len(_key(0)) + size + ENTRY_OVERHEAD)
    before = _resident()
    cache = BoundedMemory(max_entries=entries, max_bytes=configured)
    await _fill(cache, range(entries), size)
    setting = await _fill(cache, range(entries, 2 * entries), size)
    real = _resident() - before
    keys = list(_scattered(entries, hits))
    times = sorted([await _timed(cache, key) for key in keys])
    began = time.process_time()
    for key in keys:
        await cache.get(key)
    getting = time.process_time() - began
    return Row(
        entries=entries,
        size=size,
        configured=configured,
        real=real,
        p50=times[len(times) // 2] * 1e6,
        p99=times[len(times) * 99 // 100] * 1e6,
        get=getting / hits * 1e6,
        set=setting / entries * 1e6,
    )


async def _fill(cache: BoundedMemory, numbers: range, size: int) -> float:
    """Put an entry for each number; return the CPU seconds."""
    began = time.process_time()
    for number in numbers:
        await cache.set(_key(number), b"x" * size, ttl=_TTL)
    return time.process_time() - began


async def _timed(cache: BoundedMemory, key: str) -> float:
    began = time.perf_counter()
    found = await cache.get(key)
    ended = time.perf_counter()
    assert found is not None
    return ended - began


def _scattered(entries: int, hits: int) -> Iterator[str]:
    """Yield keys of entries that are there, far apart in memory and in order of use."""
    return (_key(entries + number * _STRIDE % entries) for number in range(hits))


def _key(number: int) -> str:
    """Return a key as the exact cache makes them."""
    return f"chat:{number:064x}"


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def main() -> int:
    """Measure all rows and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cache_memory", description=__doc__)
    parser.add_argument("--hits", type=int, default=HITS, help="of each row (%(default)s)")
    hits = parser.parse_args().hits
    cases = [*((entries, SIZE) for entries in ENTRIES), *OTHERS]
    print(markdown([measure(entries, size, hits) for entries, size in cases]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
