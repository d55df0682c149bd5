"""`/admin/cache` over real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from redis.asyncio import Redis as Client
from structlog.testing import capture_logs

from plugins.cache.entry import Head
from plugins.cache.store import Store
from tests.plugins.cache.filled import CHATS, HEADS, ROOT, TEAM, administered, kept
from tests.plugins.support import asking
from tests.servers.redis import Redis
from tests.support import Router

Served = tuple[Router, httpx.AsyncClient, Store]
ALL = {head.key for head in HEADS}


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """A router with entries in memory, a client with every scope, and the store."""
    async with administered(tmp_path) as found:
        yield found


async def test_statistics_are_of_all_that_was_asked(served: Served) -> None:
    """Hits, misses and what they saved are counted, and what is stored is weighed."""
    _, client, _ = served
    body = asking(options={"seed": 1})
    for _ in range(3):
        assert (await client.post("/api/chat", json=body)).status_code == 200
    assert (await client.post("/api/chat", json=asking())).status_code == 200
    answer = await client.get("/admin/cache")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    report = answer.json()
    assert report["tenant"] is None
    assert report["storage"]["entries"] == len(HEADS) + 1
    assert report["storage"]["bytes"] > 0
    chat, total = report["statistics"]["chat"], report["statistics"]["total"]
    assert (chat["hits"], chat["misses"], chat["bypasses"], chat["stored"]) == (2, 1, 1, 1)
    assert chat["hit_rate"] == pytest.approx(2 / 3, abs=1e-4)
    assert total["hits"] == 2
    assert total["saved_tokens"] > 0


async def test_entries_are_removed(served: Served) -> None:
    """What matches all parameters goes, the rest stays, and their number is the answer."""
    _, client, store = served
    for query, removed, gone in (
        ("prefix=chat:&tag=old", 1, {"chat:1"}),
        ("prefix=chat:&tag=old", 0, {"chat:1"}),
        ("key=key:0123456789", 1, {"chat:1", "embed:4"}),
        ("tenant=team&model=llama3.2", 1, {"chat:1", "chat:3", "embed:4"}),
        ("all=true", 2, ALL),
        ("all=true", 0, ALL),
    ):
        answer = await client.delete(f"/admin/cache?{query}")
        assert answer.status_code == 200
        assert answer.json() == {"removed": removed}
        assert await kept(store) == ALL - gone


async def test_what_is_removed_is_asked_again(served: Served) -> None:
    """An answer that was removed comes from the model again; others stay as they are."""
    _, client, _ = served

    async def status(text: str) -> str:
        answer = await client.post("/api/chat", json=asking(text, options={"seed": 1}))
        return str(answer.headers["x-localai-cache"])

    tagged = asking("a", options={"seed": 1}, cache={"tags": ["mine"]})
    assert (await client.post("/api/chat", json=tagged)).headers["x-localai-cache"] == "miss"
    assert [await status(text) for text in "aabb"] == ["hit", "hit", "miss", "hit"]
    assert (await client.delete("/admin/cache?tag=mine")).json() == {"removed": 1}
    assert [await status(text) for text in "aabb"] == ["miss", "hit", "hit", "hit"]
    assert (await client.delete("/admin/cache?model=localai-guide")).json() == {"removed": 2}
    assert [await status(text) for text in "ab"] == ["miss", "miss"]


async def test_an_administrator_of_a_tenant_sees_only_that(served: Served) -> None:
    """It is told how many entries its tenant has, and of no others; it removes only those, and
    other tenants do not exist for it."""
    _, client, store = served
    client.headers["x-api-key"] = TEAM
    report = (await client.get("/admin/cache")).json()
    assert report == {"tenant": "team", "storage": {"entries": 2}, "statistics": None}
    bodies = set()
    for tenant in ("default", "nobody"):
        refused = await client.delete(f"/admin/cache?tenant={tenant}")
        assert refused.status_code == 404
        bodies.add(refused.text)
    assert len(bodies) == 1
    for query in ("key=chat:1", "key=key:0123456789", "tag=old", "prefix=embed:", "model=other"):
        assert (await client.delete(f"/admin/cache?{query}")).json() == {"removed": 0}
    assert (await client.delete("/admin/cache?all=true")).json() == {"removed": 2}
    assert await kept(store) == {"chat:1", "embed:4", "models:5"}


async def test_it_takes_the_scope(served: Served) -> None:
    """Who may only chat neither sees nor removes anything; the refusal names the scope."""
    _, client, store = served
    client.headers["x-api-key"] = CHATS
    for method in ("GET", "DELETE"):
        refused = await client.request(method, "/admin/cache?all=true")
        assert refused.status_code == 403
        assert "'admin:cache'" in refused.json()["error"]
    assert await kept(store) == ALL


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "say what to remove"),
        ("all=true&all=true", "all: given twice"),
        ("all=1", "give all=true"),
        ("model=", "model: expected 1 to 256"),
        ("tagg=x", "did you mean 'tag'?"),
        ("%ff=x", "unknown parameter"),
    ],
)
async def test_what_is_malformed_is_a_400(served: Served, query: str, message: str) -> None:
    """A query that is not understood removes nothing."""
    _, client, store = served
    refused = await client.delete(f"/admin/cache?{query}")
    assert refused.status_code == 400
    assert message in refused.json()["error"]
    assert await kept(store) == ALL


async def test_statistics_take_no_parameters(served: Served) -> None:
    """A parameter that would not be heeded is refused."""
    _, client, _ = served
    refused = await client.get("/admin/cache?tenant=team")
    assert refused.status_code == 400
    assert "unknown parameter 'tenant'" in refused.json()["error"]


async def test_a_removal_is_logged(served: Served) -> None:
    """The log says who removed what."""
    _, client, _ = served
    with capture_logs() as entries:
        await client.delete("/admin/cache?tag=old")
    (entry,) = [each for each in entries if each["event"] == "cache entries removed"]
    assert (entry["by"], entry["removed"], entry["wanted"].tag) == ("static:root", 1, "old")


async def test_removals_at_once_remove_each_entry_once(served: Served) -> None:
    """However many administrators clear the cache at once, each entry is counted once."""
    _, client, _ = served
    answers = await asyncio.gather(*(client.delete("/admin/cache?all=true") for _ in range(8)))
    assert sorted(answer.json()["removed"] for answer in answers) == [0] * 7 + [len(HEADS)]


async def test_a_removal_goes_on_without_who_asked(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When an administrator leaves before the answer, all that was asked for is removed."""
    _, client, store = served
    begun, ended = asyncio.Event(), asyncio.Event()
    remove = store.remove

    async def slow(unwanted: Callable[[Head], bool], prefix: str = "") -> int:
        begun.set()
        await asyncio.sleep(0.05)
        removed = await remove(unwanted, prefix)
        ended.set()
        return removed

    monkeypatch.setattr(store, "remove", slow)
    asking = asyncio.create_task(client.delete("/admin/cache?all=true"))
    async with asyncio.timeout(5):
        await begun.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        await ended.wait()
    assert await kept(store) == set()


async def test_the_endpoints_are_documented(served: Served) -> None:
    """The router's description of itself has both, with the scope that they need."""
    _, client, _ = served
    path = (await client.get("/schema/openapi.json")).json()["paths"]["/admin/cache"]
    assert set(path) == {"get", "delete"}
    assert all("`admin:cache`" in operation["description"] for operation in path.values())


async def test_of_redis_only_the_caches_entries_are_removed(tmp_path: Path, redis: Redis) -> None:
    """Entries in Redis are seen and removed all the same; what others keep there stays."""
    more = f'[plugins.cache.exact]\nstorage = "{redis.url}"\n'
    async with (
        Client.from_url(redis.url) as others,
        administered(tmp_path, more) as (_, client, store),
    ):
        await others.set("chat:1", "theirs")
        client.headers["x-api-key"] = TEAM
        assert (await client.get("/admin/cache")).json()["storage"] == {"entries": 2}
        assert (await client.delete("/admin/cache?all=true")).json() == {"removed": 2}
        assert await kept(store) == {"chat:1", "embed:4", "models:5"}
        client.headers["x-api-key"] = ROOT
        assert (await client.delete("/admin/cache?all=true")).json() == {"removed": 3}
        assert await others.get("chat:1") == b"theirs"


async def test_storage_that_is_away_is_not_empty(tmp_path: Path, redis: Redis) -> None:
    """While Redis does not answer, nothing can be removed, and that is a 503; statistics say that
    it is away."""
    more = f'[plugins.cache.exact]\nstorage = "{redis.url}"\n'
    async with administered(tmp_path, more) as (_, client, _):
        redis.stop()
        refused = await client.delete("/admin/cache?all=true")
        assert refused.status_code == 503
        assert "the cache's storage does not answer" in refused.json()["error"]
        assert (await client.get("/admin/cache")).json()["storage"]["up"] is False
        client.headers["x-api-key"] = TEAM
        assert (await client.get("/admin/cache")).status_code == 503
