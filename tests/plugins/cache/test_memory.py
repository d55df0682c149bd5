"""The bounded memory against a simple model of it."""

import weakref
from collections import OrderedDict
from collections.abc import Coroutine
from contextlib import aclosing
from typing import Any

import pytest
from aiocache.base import BaseCache
from aiocache.lock import RedLock
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from plugins.cache import memory
from plugins.cache.memory import ENTRY_OVERHEAD, BoundedMemory
from plugins.cache.store import Backend

MAX_ENTRIES = 4
MAX_BYTES = 3 * ENTRY_OVERHEAD + 100

KEYS = st.sampled_from(["a", "aa", "b", "c", "d", "ee"])
VALUES = st.binary(max_size=60) | st.just(b"x" * (MAX_BYTES - ENTRY_OVERHEAD))
TIMES = st.none() | st.sampled_from([0.0, 0.5, 1, 2, 5])
PREFIXES = st.sampled_from(["", "a", "aa", "e", "x"])


def result(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Return what a coroutine returns; it may let others have their turn, but wait for nothing."""
    try:
        while coroutine.send(None) is None:
            pass
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise AssertionError("the cache waited")


async def scanned(
    cache: BoundedMemory, prefix: str = "", most: int | None = None
) -> list[tuple[str, bytes]]:
    """Return what a scan finds, all steps together."""
    return [pair async for step in cache.scan(prefix, most) for pair in step]


def order(cache: BoundedMemory) -> list[str]:
    """Return the keys of a cache, the least recently used first."""
    keys = []
    number = cache._used.oldest
    while number:
        keys.append(cache._keys[number])
        number = cache._used._newer[number]
    return keys


def size(key: str, value: bytes) -> int:
    """Return what an entry takes."""
    return len(key) + len(value) + ENTRY_OVERHEAD


class Machine(RuleBasedStateMachine):
    """Does the same to the cache and to an ordered dictionary, on a clock of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self._patch = pytest.MonkeyPatch()
        # Several tables and several steps, for entries as few as these.
        self._patch.setattr(memory, "_TABLE", 1)
        self._patch.setattr(memory, "STEP", 2)
        self.cache = BoundedMemory(
            max_entries=MAX_ENTRIES, max_bytes=MAX_BYTES, clock=lambda: self.now
        )
        self.model: OrderedDict[str, tuple[bytes, float | None]] = OrderedDict()
        self.evictions = 0
        self.expired = 0

    def teardown(self) -> None:
        """Give the module its sizes back."""
        self._patch.undo()

    def is_over(self, key: str) -> bool:
        """Say whether the time of an entry of the model is over."""
        ends = self.model[key][1]
        return ends is not None and ends <= self.now

    def look(self, key: str) -> bytes | None:
        """Look a key up in the model: it is the newest one then, or gone when its time is over."""
        if key not in self.model:
            return None
        if self.is_over(key):
            del self.model[key]
            self.expired += 1
            return None
        self.model.move_to_end(key)
        return self.model[key][0]

    def put(self, key: str, value: bytes, ttl: float | None) -> bool:
        """Put an entry into the model, the oldest ones out."""
        self.model.pop(key, None)
        if size(key, value) > MAX_BYTES:
            return False
        self.model[key] = (value, None if ttl is None else self.now + ttl)
        while len(self.model) > MAX_ENTRIES or self.taken > MAX_BYTES:
            self.model.popitem(last=False)
            self.evictions += 1
        return True

    @property
    def taken(self) -> int:
        """What the model's entries take."""
        return sum(size(key, value) for key, (value, _) in self.model.items())

    @rule(seconds=st.sampled_from([0.25, 1, 3]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    @rule(key=KEYS, value=VALUES, ttl=TIMES)
    def set(self, key: str, value: bytes, ttl: float | None) -> None:
        """Set an entry."""
        assert result(self.cache.set(key, value, ttl=ttl)) == self.put(key, value, ttl)

    @rule(key=KEYS, value=VALUES, ttl=TIMES)
    def add(self, key: str, value: bytes, ttl: float | None) -> None:
        """Set an entry that is not there."""
        if self.look(key) is not None:
            with pytest.raises(ValueError, match="exists"):
                result(self.cache.add(key, value, ttl=ttl))
        else:
            result(self.cache.add(key, value, ttl=ttl))
            self.put(key, value, ttl)

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        """Look an entry up."""
        assert result(self.cache.get(key)) == self.look(key)

    @rule(keys=st.lists(KEYS, max_size=4))
    def multi_get(self, keys: list[str]) -> None:
        """Look several up."""
        assert result(self.cache.multi_get(keys)) == [self.look(key) for key in keys]

    @rule(pairs=st.lists(st.tuples(KEYS, VALUES), max_size=4), ttl=TIMES)
    def multi_set(self, pairs: list[tuple[str, bytes]], ttl: float | None) -> None:
        """Set several."""
        kept = [self.put(key, value, ttl) for key, value in pairs]
        assert result(self.cache.multi_set(pairs, ttl=ttl)) is all(kept)

    @rule(key=KEYS)
    def exists(self, key: str) -> None:
        """Ask whether an entry is there, which uses it."""
        assert result(self.cache.exists(key)) is (self.look(key) is not None)

    @rule(key=KEYS, ttl=st.sampled_from([0, 1, 3]))
    def expire(self, key: str, ttl: float) -> None:
        """Give an entry another time; 0 is for ever."""
        value = self.look(key)
        assert result(self.cache.expire(key, ttl)) is (value is not None)
        if value is not None:
            self.put(key, value, ttl or None)

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        """Take an entry out."""
        assert result(self.cache.delete(key)) == int(self.model.pop(key, None) is not None)

    @rule(namespace=st.none() | PREFIXES)
    def clear(self, namespace: str | None) -> None:
        """Take all entries out, or those that begin so."""
        result(self.cache.clear(namespace))
        for key in [key for key in self.model if key.startswith(namespace or "")]:
            del self.model[key]

    @rule(prefix=PREFIXES, most=st.none() | st.integers(0, 70))
    def scan(self, prefix: str, most: int | None) -> None:
        """Go through those that begin so, which uses none and drops none."""
        found = result(scanned(self.cache, prefix, most))
        expected = {
            key: value[:most]
            for key, (value, _) in self.model.items()
            if key.startswith(prefix) and not self.is_over(key)
        }
        assert len(found) == len(expected)
        assert dict(found) == expected

    @invariant()
    def it_is_bounded(self) -> None:
        """It never holds more than it may, nor numbers for more."""
        assert len(self.cache) <= MAX_ENTRIES
        assert self.cache.bytes <= MAX_BYTES
        # 0, those in use, and one for an entry that comes before another one goes.
        assert len(self.cache._keys) <= MAX_ENTRIES + 2

    @invariant()
    def it_equals_the_model(self) -> None:
        """It has the same entries in the same order of use, and has counted them right."""
        assert order(self.cache) == list(self.model)
        assert sum(map(len, self.cache._tables)) == len(self.model)
        assert self.cache.figures() == {
            "entries": len(self.model),
            "bytes": self.taken,
            "evictions": self.evictions,
            "expired": self.expired,
        }


TestMemory = Machine.TestCase
TestMemory.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)


def a_cache(max_entries: int = 3, max_bytes: int = 10_000) -> BoundedMemory:
    """Return an empty cache."""
    return BoundedMemory(max_entries=max_entries, max_bytes=max_bytes)


async def test_it_is_a_backend_of_aiocache() -> None:
    """It does what the family asks of a backend, and aiocache's locks work on it."""
    cache = a_cache()
    backend: Backend = cache
    assert await backend.multi_set([("a", b"1"), ("b", b"2")], ttl=60)
    assert await backend.multi_get(["b", "c", "a"]) == [b"2", None, b"1"]
    assert isinstance(cache, BaseCache)
    async with RedLock(cache, "a", lease=5):
        assert await cache.exists("a-lock")
    assert not await cache.exists("a-lock")


def test_the_least_recently_used_goes_first() -> None:
    """A new entry takes the place of the one that was not used for the longest time."""
    cache = a_cache()
    for key in "abc":
        result(cache.set(key, b"value"))
    result(cache.get("a"))
    result(cache.set("d", b"value"))
    assert [key for key in "abcd" if result(cache.exists(key))] == ["a", "c", "d"]
    assert cache.evictions == 1


def test_what_does_not_fit_pushes_nothing_out() -> None:
    """A value above the bound is not kept, and costs no other entry its place."""
    cache = a_cache(max_bytes=1_000)
    result(cache.set("a", b"value"))
    assert result(cache.set("b", b"x" * 1_000)) is False
    assert result(cache.get("a")) == b"value"
    assert (len(cache), cache.evictions) == (1, 0)


def test_what_does_not_fit_replaces() -> None:
    """A value above the bound is not kept, but what its key had is no longer true, and goes."""
    cache = a_cache(max_bytes=1_000)
    result(cache.set("a", b"value"))
    assert result(cache.set("a", b"x" * 1_000)) is False
    assert result(cache.get("a")) is None


@pytest.mark.parametrize(("entries", "size"), [(0, 1_000), (3, 0), (-1, -1)])
def test_no_room(entries: int, size: int) -> None:
    """A cache without room keeps nothing."""
    cache = a_cache(entries, size)
    assert result(cache.set("a", b"")) is False
    assert result(cache.get("a")) is None


def test_two_memories_share_nothing() -> None:
    """Each object has entries of its own."""
    one, other = a_cache(), a_cache()
    result(one.set("a", b"value"))
    assert result(other.get("a")) is None


def test_bytes_are_not_counted_up() -> None:
    """What the values can't do is refused."""
    with pytest.raises(NotImplementedError):
        result(a_cache().increment("a"))


def test_namespaces() -> None:
    """A namespace that aiocache's methods are given is the beginning of the key."""
    cache = a_cache()
    result(cache.add("a", b"value", namespace="one:"))
    assert result(cache.get("one:a")) == b"value"
    result(cache.clear(namespace="one:"))
    assert len(cache) == 0


async def test_closing_forgets_all() -> None:
    """A cache that was closed holds nothing."""
    async with a_cache() as cache:
        await cache.set("a", b"value")
    assert cache.figures()["bytes"] == 0


def test_memory_is_given_back_at_once() -> None:
    """A cache that nobody has any more is gone, without the garbage collector."""
    cache = a_cache()
    gone = weakref.ref(cache)
    del cache
    assert gone() is None


def test_ten_thousand_new_keys_stay_in_bounds() -> None:
    """However fast new keys come, there are never more entries or bytes than allowed."""
    cache = a_cache(max_entries=1_000, max_bytes=300_000)
    for number in range(10_000):
        result(cache.set(f"chat:{number:064x}", b"x" * (number % 700), ttl=60))
        assert len(cache) <= 1_000
        assert cache.bytes <= 300_000
    assert len(cache) + cache.evictions == 10_000
    assert len(cache._keys) <= 1_002


CHANGES = st.lists(
    st.tuples(st.sampled_from(["put", "delete", "get"]), st.integers(0, 30)), max_size=30
)


@given(first=CHANGES, changes=st.lists(CHANGES, max_size=20), lasting=st.integers(0, 10))
async def test_a_scan_sees_what_lasts_just_once(
    first: list[tuple[str, int]], changes: list[list[tuple[str, int]]], lasting: int
) -> None:
    """Whatever comes and goes between the steps, what is there all the time comes once."""
    cache = a_cache(max_entries=25, max_bytes=100_000)
    kept = [f"kept:{number}" for number in range(lasting)]
    await change(cache, first)
    for key in kept:
        await cache.set(key, b"value")
    found: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, "STEP", 3)
        async with aclosing(cache.scan()) as steps:
            async for step in steps:
                found += [key for key, _ in step]
                await change(cache, changes.pop() if changes else [])
                # They are used, so that they last.
                await cache.multi_get(kept)
    seen = [key for key in found if key in kept]
    assert sorted(seen) == kept


async def change(cache: BoundedMemory, changes: list[tuple[str, int]]) -> None:
    """Put, delete and use entries."""
    for what, number in changes:
        if what == "put":
            await cache.set(f"other:{number}", b"value")
        elif what == "delete":
            await cache.delete(f"other:{number}")
        else:
            await cache.get(f"other:{number}")
