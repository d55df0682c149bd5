"""The interpreter is tuned, and works as before."""

import subprocess
import sys

from core.tuning import GC_THRESHOLD

SCRIPT = """
import asyncio, gc, uvloop
from core.tuning import tune

closed = []

async def numbers():
    try:
        yield 1
        yield 2
    finally:
        await asyncio.sleep(0)
        closed.append(True)

async def main():
    tune()
    async for _ in numbers():
        break  # without aclosing, as a careless plugin might
    for _ in range(10):
        await asyncio.sleep(0)
    assert closed, "the generator was left open"
    print(gc.get_threshold()[0], gc.get_freeze_count() > 0)

uvloop.run(main())
"""


def test_a_forgotten_generator_is_still_closed() -> None:
    """Without the loop's list of generators, one that was left is closed when it is freed."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.split() == [str(GC_THRESHOLD), "True"]
