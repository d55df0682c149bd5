"""The bounded memory against a simple model of it."""

from collections import OrderedDict
from collections.abc import Coroutine
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from plugins.cache import memory
from plugins.cache.memory import ENTRY_OVERHEAD, BoundedMemory

MAX_ENTRIES = 4
MAX_BYTES = 3 * ENTRY_OVERHEAD + 100

KEYS = st.sampled_from("abcdef")
VALUES = st.binary(max_size=60) | st.just(b"x" * (MAX_BYTES - ENTRY_OVERHEAD))
TIMES = st.none() | st.sampled_from([0.5, 1, 2, 5])


def result(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Return what a coroutine returns; it may not wait for anything."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise AssertionError("the cache waited")


def size(key: str, value: bytes) -> int:
    """Return what an entry takes."""
    return len(key) + len(value) + ENTRY_OVERHEAD


class Machine(RuleBasedStateMachine):
    """Does the same to the cache and to an ordered dictionary, on a clock of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(memory, "time", SimpleNamespace(monotonic=lambda: self.now))
        self.cache = BoundedMemory(max_entries=MAX_ENTRIES, max_bytes=MAX_BYTES)
        self.model: OrderedDict[str, tuple[bytes, float | None]] = OrderedDict()
        self.evictions = 0

    def teardown(self) -> None:
        """Give the module its clock back."""
        self._patch.undo()

    def look(self, key: str) -> bytes | None:
        """Look a key up in the model: it is the newest one then, or gone when its time is over."""
        if key not in self.model:
            return None
        value, expires = self.model[key]
        if expires is not None and expires <= self.now:
            del self.model[key]
            return None
        self.model.move_to_end(key)
        return value

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
        result(self.cache.multi_set(pairs, ttl=ttl))
        for key, value in pairs:
            self.put(key, value, ttl)

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

    @rule(namespace=st.none() | KEYS)
    def clear(self, namespace: str | None) -> None:
        """Take all entries out, or those that begin so."""
        result(self.cache.clear(namespace))
        for key in [key for key in self.model if key.startswith(namespace or "")]:
            del self.model[key]

    @invariant()
    def it_is_bounded(self) -> None:
        """It never holds more than it may."""
        assert len(self.cache) <= MAX_ENTRIES
        assert self.cache.bytes <= MAX_BYTES

    @invariant()
    def it_equals_the_model(self) -> None:
        """It has the same entries in the same order of use, and has counted them right."""
        assert list(self.cache._entries.items()) == list(self.model.items())
        assert self.cache.bytes == self.taken
        assert self.cache.evictions == self.evictions


TestMemory = Machine.TestCase
TestMemory.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_the_least_recently_used_goes_first() -> None:
    """A new entry takes the place of the one that was not used for the longest time."""
    cache = BoundedMemory(max_entries=3, max_bytes=10_000)
    for key in "abc":
        result(cache.set(key, b"value"))
    result(cache.get("a"))
    result(cache.set("d", b"value"))
    assert [key for key in "abcd" if result(cache.exists(key))] == ["a", "c", "d"]
    assert cache.evictions == 1


def test_what_does_not_fit_pushes_nothing_out() -> None:
    """A value above the bound is not kept, and costs no other entry its place."""
    cache = BoundedMemory(max_entries=3, max_bytes=1_000)
    result(cache.set("a", b"value"))
    assert result(cache.set("b", b"x" * 1_000)) is False
    assert result(cache.get("a")) == b"value"
    assert (len(cache), cache.evictions) == (1, 0)


def test_two_memories_share_nothing() -> None:
    """Each object has entries of its own."""
    one, other = (BoundedMemory(max_entries=3, max_bytes=1_000) for _ in range(2))
    result(one.set("a", b"value"))
    assert result(other.get("a")) is None


def test_bytes_are_not_counted_up() -> None:
    """What the values can't do is refused."""
    with pytest.raises(TypeError, match="bytes"):
        result(BoundedMemory(max_entries=3, max_bytes=1_000).increment("a"))
