"""What is in a host's memory."""

import math
import time

import pytest

from plugins.routing.catalogue.memory import Memory
from plugins.routing.catalogue.model import Facts, Loaded

FACTS = Facts(name="m:latest", size=1000, kv_bytes=2, kv_fixed=50)
FOREVER = Loaded(size=7, size_vram=5, num_ctx=64, expires=math.inf)


def said(memory: Memory, **loaded: Loaded) -> None:
    """Let the host say now what it has."""
    memory.said(loaded, time.monotonic())


def test_what_the_host_says_is_there() -> None:
    """Each answer of the host replaces the one before."""
    memory = Memory()
    said(memory, a=FOREVER, b=FOREVER)
    assert memory.get("a") == FOREVER
    said(memory, b=FOREVER)
    assert memory.all() == {"b": FOREVER}
    memory.clear()
    assert memory.all() == {}


def test_a_model_whose_time_is_over_is_gone() -> None:
    """After its expiry, and a second for the clocks, nobody counts on it."""
    memory = Memory()
    said(memory, a=Loaded(expires=time.time() - 5), b=Loaded(expires=time.time() + 5))
    assert memory.get("a") is None
    assert list(memory.all()) == ["b"]


def test_what_answered_is_there() -> None:
    """A model that has just answered takes its file and its caches, for as long as was asked."""
    memory = Memory()
    memory.note("m", FACTS, 100, "10m")
    found = memory.get("m")
    assert found is not None
    assert (found.size, found.size_vram, found.num_ctx) == (1250, 1250, 100)
    assert found.expires == pytest.approx(time.time() + 600, abs=5)
    memory.note("m", None, 0, -1)
    again = memory.get("m")
    assert again is not None
    assert (again.size, again.num_ctx, again.expires) == (1250, 100, math.inf)


@pytest.mark.parametrize("keep_alive", [0, "0", "0s"])
def test_what_is_not_to_stay_is_gone(keep_alive: float | str) -> None:
    """`keep_alive` 0 unloads it after this answer."""
    memory = Memory()
    said(memory, m=FOREVER)
    memory.note("m", FACTS, 64, keep_alive)
    assert memory.get("m") is None


@pytest.mark.parametrize("keep_alive", [None, "soon"])
def test_without_a_time_it_stays_as_long_as_it_would(keep_alive: str | None) -> None:
    """A request that says nothing leaves the expiry, which is Ollama's five minutes at least."""
    memory = Memory()
    memory.note("m", FACTS, 64, keep_alive)
    found = memory.get("m")
    assert found is not None
    assert found.expires == pytest.approx(time.time() + 300, abs=5)
    said(memory, m=FOREVER)
    memory.note("m", FACTS, 64, None)
    assert memory.get("m") == FOREVER


def test_what_was_seen_is_believed_until_the_host_is_asked() -> None:
    """An answer to an older question does not undo what was seen after it was put."""
    memory = Memory()
    asked = time.monotonic()
    memory.note("new", FACTS, 64, -1)
    said(memory, old=FOREVER)
    memory.note("new", FACTS, 64, -1)
    memory.gone("old")
    memory.said({"old": FOREVER}, asked)
    assert list(memory.all()) == ["new"]
    said(memory, old=FOREVER)
    assert list(memory.all()) == ["old"]
