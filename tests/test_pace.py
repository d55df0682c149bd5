"""Promises in CPU time."""

import asyncio
from collections.abc import Iterator
from unittest.mock import patch

import pytest

from tests import pace
from tests.pace import longest_step, within, within_async


def count() -> int:
    """Compute for about half a millisecond."""
    return sum(range(20_000))


def test_a_promise_is_kept_in_one_try_of_several() -> None:
    """What is too slow for some moments and fast at another one keeps its promise."""
    turns: Iterator[int] = iter([300, 300, 1])
    within(0.05, lambda: [count() for _ in range(next(turns))])
    assert not list(turns)


async def test_a_broken_promise_is_found() -> None:
    """What computes too much in all tries fails, and the error says how much it was."""
    with pytest.raises(AssertionError, match=r"µs of CPU at best, .* less than 1\.0"):
        within(1e-6, count, tries=2)

    async def work() -> None:
        count()

    with pytest.raises(AssertionError):
        await within_async(1e-6, work, tries=2)


def test_a_slow_machine_may_take_longer() -> None:
    """The measure is how slow the machine is right before or right after, whichever is more."""
    for before, after in ((1.0, 1e6), (1e6, 1.0)):
        with patch.object(pace, "slowness", side_effect=[before, after]):
            within(1e-6, count, tries=1)


def test_the_longest_step_is_found() -> None:
    """A coroutine's longest step counts as it was at its best."""

    async def work() -> None:
        await asyncio.sleep(0)
        for _ in range(20):
            count()
        await asyncio.sleep(0)

    assert longest_step(lambda: asyncio.sleep(0), tries=3) < 0.001 < longest_step(work, tries=3)
