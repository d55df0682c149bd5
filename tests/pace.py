"""Promises in CPU time, held on any machine: `within(0.02, lambda: check(text))`.

A machine computes faster at one moment than at the next. So each try is measured against a loop
that runs right before and right after it, and one try of several has to keep the promise: what
computes too much does so in all of them.
"""

import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any, Self

NOMINAL = 0.0005
"""Seconds of CPU that the loop below takes with CPython 3.11 on the machine of the budgets."""
TRIES = 10


def slowness() -> float:
    """Return how much slower than that machine this one computes now; 1 if it is no slower."""
    return max(1.0, min(_loop() for _ in range(4)) / NOMINAL)


class Spent:
    """Measures the CPU time that a block takes in all threads: `with Spent() as spent`."""

    seconds: float
    """What it would have taken on the machine of the budgets; set at the end of the block."""

    def __enter__(self) -> Self:
        self._slowness = slowness()
        self._began = time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        taken = time.process_time() - self._began
        self.seconds = taken / max(self._slowness, slowness())


def within(seconds: float, work: Callable[[], object], tries: int = TRIES) -> None:
    """Assert that some work takes less CPU time than a number of seconds, at its best."""
    spent = []
    for _ in range(tries):
        with Spent() as one:
            work()
        spent.append(one.seconds)
        if one.seconds < seconds:
            return
    raise _too_slow(spent, seconds)


async def within_async(
    seconds: float, work: Callable[[], Awaitable[object]], tries: int = TRIES
) -> None:
    """Assert the same of work that is awaited, and of all else that the event loop does then."""
    spent = []
    for _ in range(tries):
        with Spent() as one:
            await work()
        spent.append(one.seconds)
        if one.seconds < seconds:
            return
    raise _too_slow(spent, seconds)


def steps(work: Coroutine[Any, Any, object]) -> Iterator[float]:
    """Yield the CPU time of each step that a coroutine takes; it may only give way."""
    done = False
    while not done:
        began = time.thread_time()
        try:
            work.send(None)
        except StopIteration:
            done = True
        yield time.thread_time() - began


def longest_step(work: Callable[[], Coroutine[Any, Any, object]], tries: int = TRIES) -> float:
    """Return the CPU time of the longest step of a coroutine that takes the same ones each time.

    Each step counts as it was at its best, on the machine of the budgets.
    """
    best: list[float] = []
    for _ in range(tries):
        before = slowness()
        taken = list(steps(work()))
        scale = max(before, slowness())
        assert not best or len(best) == len(taken)
        best = list(map(min, best or taken, [step / scale for step in taken]))
    return max(best)


def _too_slow(spent: list[float], seconds: float) -> AssertionError:
    least, limit = min(spent) * 1e6, seconds * 1e6
    return AssertionError(f"{least:.1f} µs of CPU at best, which should be less than {limit:.1f}")


def _loop() -> float:
    began = time.process_time()
    total = 0
    for number in range(20_000):
        total += number
    return time.process_time() - began
