"""Kept questions are found again, after a restart and from other routers."""

import asyncio

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from localai import Chunk, Secret
from plugins.cache.digests import Digests
from plugins.cache.entry import Entry
from plugins.cache.keeping import Keeping
from plugins.cache.memory import BoundedMemory
from plugins.cache.semantic import rereading as rereading_module
from plugins.cache.semantic.partitions import Partitions
from plugins.cache.semantic.rereading import Rereading
from plugins.cache.semantic.vectors import to_bytes
from plugins.cache.statistics import Statistics
from plugins.cache.store import Store
from plugins.cache.stores import keeping_of
from tests.plugins.cache.entries import an_entry
from tests.plugins.cache.semantic.support import Comparing, comparing, direction
from tests.plugins.cache.support import Router, soon
from tests.plugins.support import HELLO, Model
from tests.servers.redis import Redis

GROUP = "p" * 32 + "g" * 64
NEAR = {"Why is it so?": (1.0, 0.0), "Why is it?": (0.95, 0.3122499), "Why's that?": (0.9, 0.43589)}


class Counting(BoundedMemory):
    """Counts the values that are read."""

    def __init__(self) -> None:
        super().__init__(max_entries=1000, max_bytes=10_000_000)
        self.read = 0

    async def multi_get(self, keys: list[str]) -> list[bytes | None]:  # type: ignore[override]
        """Return the values."""
        self.read += len(keys)
        return await super().multi_get(keys)


def keeping(backend: BoundedMemory) -> Keeping:
    """Return what keeps answers in this memory."""
    store = Store(backend, max_answer=100_000)
    return Keeping(store, Statistics(), Digests(Router().identities), "tenant")


def question(number: int, group: str = GROUP) -> Entry:
    """Return a kept question."""
    entry = an_entry(f"semantic:{number}", (Chunk(done=True),), group=group, dimensions=8)
    return Entry(entry.head, entry.chunks, to_bytes(direction(number)))


@pytest.fixture
def partitions() -> Partitions:
    """No questions yet."""
    return Partitions(most=4, most_entries=50)


async def test_each_kept_question_is_read_once(partitions: Partitions) -> None:
    """What is there already, was read before, or is another kind of answer is not read again."""
    backend = Counting()
    kept = keeping(backend)
    reading = Rereading(partitions, lambda: kept, 60)
    await kept.store.put(an_entry("chat:1"), 60)
    for number in range(40):
        await kept.store.put(question(number), 60)
    partitions.add("p" * 32, GROUP, "semantic:0", direction(0))
    for _ in range(2):
        await reading.read()
        assert backend.read == 39
        assert partitions.entries == 40
    await kept.store.put(question(40), 60)
    await reading.read()
    assert backend.read == 40
    found = await partitions.find("p" * 32, GROUP, direction(7))
    assert found is not None
    assert found[0] == "semantic:7"


async def test_what_an_index_has_no_room_for_is_not_read_again_and_again() -> None:
    """A partition that is smaller than what is kept is filled once."""
    backend = Counting()
    kept = keeping(backend)
    partitions = Partitions(most=1, most_entries=5)
    reading = Rereading(partitions, lambda: kept, 60)
    for number in range(20):
        await kept.store.put(question(number), 60)
    await reading.read()
    await reading.read()
    assert (backend.read, partitions.entries) == (20, 5)


async def test_what_was_forgotten_is_read_when_it_is_back(partitions: Partitions) -> None:
    """A question that was dropped while its store was away is found again later."""
    backend = Counting()
    kept = keeping(backend)
    reading = Rereading(partitions, lambda: kept, 60)
    await kept.store.put(question(1), 60)
    await reading.read()
    partitions.remove("p" * 32, "semantic:1")
    await reading.read()
    assert partitions.entries == 0
    reading.forget("semantic:1")
    await reading.read()
    assert partitions.entries == 1


async def test_what_is_no_question_is_left_alone(partitions: Partitions) -> None:
    """Answers without a group, and vectors that are none, are passed over."""
    kept = keeping(Counting())
    good = question(1)
    await kept.store.put(good, 60)
    await kept.store.put(question(2, group=""), 60)
    head = replace(good.head, key="semantic:3")
    await kept.store.put(Entry(head, good.chunks, bytes(32)), 60)
    await Rereading(partitions, lambda: kept, 60).read()
    assert partitions.entries == 1


async def test_only_so_many_keys_are_looked_at(
    partitions: Partitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Millions of them in a Redis don't fill this process."""
    monkeypatch.setattr(rereading_module, "MOST_KEYS", 10)
    kept = keeping(Counting())
    for number in range(500):
        await kept.store.put(question(number), 60)
    reading = Rereading(partitions, lambda: kept, 60)
    await reading.read()
    assert len(reading._seen) <= 200


async def test_a_failure_does_not_end_it(partitions: Partitions) -> None:
    """It is logged, and the next look comes as usual; nothing to look at is no failure."""
    kept = keeping(Counting())
    await kept.store.put(question(1), 60)
    looks = 0

    def failing() -> Keeping | None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise RuntimeError("broken")
        return None if looks == 2 else kept

    with capture_logs() as logs:
        task = asyncio.create_task(Rereading(partitions, failing, 0.001).run())
        async with asyncio.timeout(10):
            while not partitions.entries:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert [line["event"] for line in logs] == ["kept questions could not be read"]


async def test_without_an_interval_it_reads_once(partitions: Partitions) -> None:
    """It does so at the start, and ends."""
    kept = keeping(Counting())
    await kept.store.put(question(1), 60)
    await Rereading(partitions, lambda: kept, 0).run()
    assert partitions.entries == 1


async def test_a_restarted_router_and_another_one_find_what_is_in_redis(redis: Redis) -> None:
    """Similar questions hit answers that another process kept before, and while both run."""
    exact = {"storage": Secret(redis.url)}
    async with comparing(Model(*HELLO), NEAR, exact) as both:
        assert (await both.ask("Why is it so?"))[0] == "miss"
    async with (
        comparing(Model(*HELLO), NEAR, exact, refresh=0.01) as one,
        comparing(Model(*HELLO), NEAR, exact) as other,
    ):
        await _knows(one, 1)
        await _knows(other, 1)
        assert await one.ask("Why is it?") == ("hit", "Hello")
        await other.ask("Where is it?", tenant="lab")
        await _knows(one, 2)
        assert await one.ask("Where's that?", tenant="lab") == ("hit", "Hello")
        assert (await one.ask("Where's that?", tenant="office"))[0] == "miss"
        assert one.model.calls[0].principal.tenant == "office"


async def test_a_redis_that_goes_away_costs_the_hit_only(redis: Redis) -> None:
    """While it is away similar questions ask the model, and after that they are found again."""
    async with comparing(Model(*HELLO), NEAR, {"storage": Secret(redis.url)}, refresh=0.01) as both:
        await both.ask("Why is it so?")
        redis.pause()
        assert await both.ask("Why is it?") == ("miss", "Hello")
        redis.resume()
        keeping = keeping_of(both.router.gateway)
        assert keeping is not None
        async with asyncio.timeout(10):
            while not keeping.store.backend.figures()["up"]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await _knows(both, 1)
        assert await both.ask("Why's that?") == ("hit", "Hello")


async def test_a_reload_of_the_plugin_finds_what_is_in_memory() -> None:
    """New settings make a new plugin, which reads what the exact cache still has."""
    router = Router()
    async with comparing(Model(*HELLO), NEAR, router=router) as both:
        await both.ask("Why is it so?")
        plugin = type(both.semantic)(type(both.semantic).Config(threshold=0.5))
        async with plugin.lifespan(router.gateway):
            await soon(lambda: plugin._similar.report()["questions"])


async def _knows(both: Comparing, number: int) -> None:
    """Wait until a cache has read so many questions."""
    async with asyncio.timeout(10):
        while (await both.semantic.health())["questions"] < number:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
