"""An index for each partition."""

import asyncio
import threading

import numpy as np
import pytest

from plugins.cache.semantic import index as index_module
from plugins.cache.semantic import partitions as partitions_module
from plugins.cache.semantic.partitions import Busy, Partitions
from plugins.cache.semantic.rows import View, nearest
from plugins.cache.semantic.vectors import Vector
from tests.plugins.cache.semantic.support import direction


async def test_partitions_do_not_see_each_other() -> None:
    """The same vector under the same group and key is found only where it was added."""
    partitions = Partitions(most=3, most_entries=10)
    partitions.add("one", "group", "semantic:a", direction(1))
    assert await partitions.find("one", "group", direction(1)) is not None
    assert await partitions.find("two", "group", direction(1)) is None
    partitions.remove("two", "semantic:a")
    partitions.touch("two", "semantic:a")
    assert partitions.has("semantic:a")
    partitions.remove("one", "semantic:a")
    assert (len(partitions), partitions.entries, partitions.bytes) == (0, 0, 0)
    await partitions.close()


async def test_the_partition_that_was_not_used_goes() -> None:
    """There are at most so many; to be added to or to be hit is a use."""
    partitions = Partitions(most=2, most_entries=10)
    for name in ("one", "two"):
        partitions.add(name, "group", name, direction(1))
    partitions.touch("one", "one")
    partitions.add("three", "group", "three", direction(1))
    assert await partitions.find("two", "group", direction(1)) is None
    assert await partitions.find("one", "group", direction(1)) is not None
    assert len(partitions) == 2
    await partitions.close()


async def test_a_full_partition_leaves_the_others_alone() -> None:
    """Each has room of its own."""
    partitions = Partitions(most=2, most_entries=2)
    partitions.add("quiet", "group", "semantic:q", direction(1))
    for number in range(9):
        partitions.add("loud", "group", f"semantic:{number}", direction(number))
    assert partitions.entries == 3
    assert await partitions.find("quiet", "group", direction(1)) is not None
    await partitions.close()


async def test_look_ups_use_one_thread_and_only_so_many_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Large groups are looked through beside the loop, in one thread; too many at once are busy."""
    monkeypatch.setattr(index_module, "AT_ONCE", 0)
    monkeypatch.setattr(partitions_module, "WAITING", 3)
    threads: set[int] = set()
    gate = threading.Event()

    def slow(view: View, query: Vector) -> int:
        threads.add(threading.get_ident())
        assert gate.wait(10)
        return nearest(view, query)

    monkeypatch.setattr(partitions_module, "nearest", slow)
    partitions = Partitions(most=2, most_entries=10)
    partitions.add("one", "group", "semantic:a", direction(1))
    waiting = [asyncio.create_task(partitions.find("one", "group", direction(1))) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await partitions.find("one", "group", direction(1))
    gate.set()
    assert [found and found[0] for found in await asyncio.gather(*waiting)] == ["semantic:a"] * 3
    assert len(threads - {threading.get_ident()}) == len(threads) == 1
    assert await partitions.find("one", "group", direction(1)) is not None
    await partitions.close()


async def test_one_who_leaves_makes_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up that is cancelled does not count as waiting any more."""
    monkeypatch.setattr(index_module, "AT_ONCE", 0)
    monkeypatch.setattr(partitions_module, "WAITING", 1)
    partitions = Partitions(most=2, most_entries=10)
    partitions.add("one", "group", "semantic:a", np.asarray([1, 0], np.float32))
    asked = asyncio.create_task(partitions.find("one", "group", direction(1, 2)))
    await asyncio.sleep(0)
    asked.cancel()
    await asyncio.gather(asked, return_exceptions=True)
    assert await partitions.find("one", "group", direction(1, 2)) is not None
    await partitions.close()
