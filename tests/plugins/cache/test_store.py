"""Entries in a backend."""

from contextlib import aclosing

import pytest
from structlog.testing import capture_logs

from plugins.cache.entry import Head, encode
from plugins.cache.memory import BoundedMemory
from plugins.cache.store import Store
from tests.plugins.cache.entries import an_entry


@pytest.fixture
def store() -> Store:
    """An empty store."""
    return Store(BoundedMemory(max_entries=100, max_bytes=100_000), max_answer=1000)


async def test_what_is_put_is_there(store: Store) -> None:
    """An entry is found under its key until it is removed, one by one or several at once."""
    one, two = an_entry("chat:1"), an_entry("chat:2")
    assert await store.put(one, ttl=60)
    await store.put_many([two], ttl=60)
    assert await store.get("chat:1") == one
    assert await store.get_many(["chat:2", "chat:3", "chat:1"]) == [two, None, one]
    assert await store.remove(lambda head: head.key == "chat:1") == 1
    assert await store.get("chat:1") is None


async def test_what_is_too_large_is_not_kept(store: Store) -> None:
    """An answer above `max_answer` is refused, alone and among others."""
    small = an_entry("chat:small")
    large = an_entry("chat:large", tags=("x" * 1000,))
    assert not await store.put(large, ttl=60)
    await store.put_many([large, small], ttl=60)
    assert await store.get_many(["chat:large", "chat:small"]) == [None, small]


@pytest.mark.parametrize(
    "value",
    [b"", b"\x01", b"\x02\xff\xff\xff\xff", encode(an_entry("chat:a"))[:-1], b"\x00garbage"],
)
async def test_what_can_not_be_read_is_deleted(store: Store, value: bytes) -> None:
    """A value that is cut, old or foreign is not there, and afterwards really is not."""
    await store.backend.set("chat:a", value, ttl=60)
    with capture_logs() as logs:
        assert await store.get("chat:a") is None
    assert [line["event"] for line in logs] == ["an unreadable entry was dropped"]
    assert await store.backend.get("chat:a") is None
    await store.backend.set("chat:a", value, ttl=60)
    with capture_logs():
        assert await store.get_many(["chat:a"]) == [None]
    assert await store.backend.get("chat:a") is None


async def test_a_value_under_another_key_is_not_read(store: Store) -> None:
    """Who copies an answer to where another one belongs has it deleted."""
    await store.backend.set("chat:mine", encode(an_entry("chat:yours")), ttl=60)
    with capture_logs():
        assert await store.get("chat:mine") is None
    assert await store.backend.get("chat:mine") is None


async def test_heads_are_told_in_steps(store: Store) -> None:
    """The heads of all keys with a prefix come, and `None` for what can't be read."""
    await store.put(an_entry("chat:1", tenant="a"), ttl=60)
    await store.put(an_entry("embed:1"), ttl=60)
    await store.backend.set("chat:2", b"garbage", ttl=60)
    found: dict[str, Head | None] = {}
    async with aclosing(store.heads("chat:")) as steps:
        async for step in steps:
            found.update(step)
    assert set(found) == {"chat:1", "chat:2"}
    assert found["chat:2"] is None
    head = found["chat:1"]
    assert head is not None
    assert head.tenant == "a"


async def test_removal_takes_what_is_unwanted_or_unreadable(store: Store) -> None:
    """Of the keys with a prefix those go that are unwanted; nobody misses what can't be read."""
    for number in range(10):
        await store.put(an_entry(f"chat:{number}", tokens=number), ttl=60)
    await store.put(an_entry("embed:1"), ttl=60)
    await store.backend.set("chat:bad", b"garbage", ttl=60)
    assert await store.remove(lambda head: head.tokens >= 5, "chat:") == 6
    assert await store.get("embed:1") is not None
    assert await store.remove(lambda head: True) == 6
    assert store.backend.figures()["entries"] == 0
