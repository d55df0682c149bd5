"""Measure the look-up of similar questions: `python -m benchmarks.semantic_lookup`."""

import argparse
import asyncio
import sys
import time
from dataclasses import dataclass

import numpy as np

from plugins.cache.semantic.partitions import Partitions
from plugins.cache.semantic.vectors import unit

ENTRIES = (100, 1_000, 10_000)
DIMENSIONS = 384
LOOK_UPS = 200


@dataclass(frozen=True, kw_only=True)
class Row:
    """What a look-up among so many questions of one group takes, in milliseconds of CPU."""

    entries: int
    p50: float
    p99: float


async def measure(entries: int, look_ups: int) -> Row:
    """Fill one group of one partition, and look for questions that are not in it."""
    random = np.random.default_rng(1)
    partitions = Partitions(most=1, most_entries=entries)
    for number in range(entries):
        vector = unit(random.normal(size=DIMENSIONS))
        assert vector is not None
        partitions.add("tenant", "group", f"semantic:{number}", vector)
    times = []
    for _ in range(look_ups):
        query = unit(random.normal(size=DIMENSIONS))
        assert query is not None
        began = time.process_time()
        await partitions.find("tenant", "group", query)
        times.append((time.process_time() - began) * 1000)
    await partitions.close()
    times.sort()
    return Row(
        entries=entries,
        p50=times[len(times) // 2],
        p99=times[min(len(times) * 99 // 100, len(times) - 1)],
    )


def markdown(rows: list[Row]) -> str:
    """Return the rows as a table."""
    lines = [f"| questions of {DIMENSIONS} numbers | p50, ms | p99, ms |", "|---:|---:|---:|"]
    lines += [f"| {row.entries:,} | {row.p50:.2f} | {row.p99:.2f} |" for row in rows]
    return "\n".join(lines)


def main() -> int:
    """Measure all rows and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.semantic_lookup")
    parser.add_argument("--look-ups", type=int, default=LOOK_UPS, help="of each row (%(default)s)")
    look_ups = parser.parse_args().look_ups
    print(markdown([asyncio.run(measure(entries, look_ups)) for entries in ENTRIES]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
