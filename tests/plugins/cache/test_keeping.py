"""What the parts of the cache share."""

import pytest

from localai import Chunk, Cost, Principal
from plugins.cache.digests import Digests
from plugins.cache.keeping import FALLBACK, Keeping, announce, head_for, is_own, lifetime
from plugins.cache.memory import BoundedMemory
from plugins.cache.statistics import Statistics
from plugins.cache.store import Store
from plugins.cache.wish import Wish
from tests.plugins.cache.entries import an_entry
from tests.plugins.cache.support import Router
from tests.plugins.support import a_call


def a_keeping() -> Keeping:
    """Return one with an empty store, apart by key."""
    store = Store(BoundedMemory(max_entries=10, max_bytes=10_000), max_answer=1000)
    return Keeping(store, Statistics(), Digests(Router().identities), "key")


async def test_an_answer_belongs_to_a_version_and_a_partition() -> None:
    """Besides the call, the model's digest and those who share it make the key."""
    call = a_call(principal=Principal(id="key:a", tenant="t"))
    assert await a_keeping().identity(call) == ("aa" * 32, ("t", "key", "key:a"))


def test_a_head_tells_about_the_answer() -> None:
    """By the head an answer is found again: model, tenant, caller and tags, and what it cost."""
    me = Principal(id="key:a", tenant="t")
    call = a_call(model="LLama3.2", principal=me, headers={"a": "b"})
    last = Chunk(done=True, total_duration=2_500_000_000, prompt_eval_count=3, eval_count=4)
    head = head_for(call, last, key="chat:1", digest="d", wish=Wish(tags=("x",)))
    assert (head.key, head.kind, head.model, head.digest) == (
        "chat:1",
        "chat",
        "llama3.2:latest",
        "d",
    )
    assert (head.tenant, head.caller, head.tags) == ("t", "key:a", ("x",))
    assert (head.seconds, head.tokens, head.headers) == (2.5, 7, {"a": "b"})


def test_what_tells_of_one_request_is_not_kept() -> None:
    """How long it waited, where it ran and what it took is no part of its answer."""
    headers = {"x-localai-queue": "waited=1.3", "x-localai-host": "2", "x-localai-engine": "e"}
    headers |= {"x-localai-energy": "wh=0.1"}
    head = head_for(a_call(headers=headers), Chunk(done=True), key="k", digest="d", wish=Wish())
    assert head.headers == {"x-localai-engine": "e"}


def test_the_energy_of_an_answer_is_kept_with_it() -> None:
    """What it took is known again when it is given again; where nobody kept books, nothing is."""
    for cost, joules in ((Cost(joules=42.0), 42.0), (None, None)):
        last = Chunk(done=True, cost=cost)
        head = head_for(a_call(), last, key="k", digest="d", wish=Wish())
        assert head.joules == joules


@pytest.mark.parametrize(("headers", "own"), [({}, True), ({FALLBACK: "default"}, False)])
def test_an_answer_is_the_models_own_unless_it_says_otherwise(
    headers: dict[str, str], own: bool
) -> None:
    """The header that fallbacks set is the sign."""
    assert is_own(a_call(headers=headers)) is own


def test_a_wish_only_shortens_a_life() -> None:
    """A request may have its answer kept for less time, not for more."""
    assert [lifetime(60, Wish(ttl=ttl)) for ttl in (None, 0, 5, 600)] == [60, 0, 5, 60]


def test_a_hit_is_announced() -> None:
    """The headers of a hit have what was said of the answer at first, and its age."""
    headers = {"x-mine": "1"}
    announce(headers, an_entry(stored_at=0.0, headers={"x-localai-engine": "embedded"}))
    assert headers["x-localai-cache"] == "hit"
    assert int(headers["age"]) > 1e9
    assert (headers["x-mine"], headers["x-localai-engine"]) == ("1", "embedded")
    announce(headers, an_entry(stored_at=4e9))
    assert headers["age"] == "0"


def test_requests_are_counted_by_what_became_of_them() -> None:
    """Misses, joins and bypasses are counted apart."""
    keeping = a_keeping()
    keeping.note("chat", "miss", 3)
    keeping.note("chat", "join")
    keeping.note("chat", "bypass")
    report = keeping.statistics.report()["chat"]
    assert (report["misses"], report["joins"], report["bypasses"]) == (3, 1, 1)
