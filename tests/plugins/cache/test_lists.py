"""The list of models, kept for some minutes."""

import time

import pytest

from localai import Duration, Listing, Models, Principal, UpstreamFailed
from plugins.cache.exact import ExactCache
from tests.plugins.cache.support import INSTALLED, Router, caching
from tests.plugins.support import connecting


class Ollama:
    """Lists models, and counts how often."""

    def __init__(self) -> None:
        self.models: Models = [dict(model) for model in INSTALLED]
        self.asked = 0

    async def list(self, listing: Listing) -> Models:
        """Return the models."""
        self.asked += 1
        return self.models


async def listed(
    cache: ExactCache, ollama: Ollama, cache_control: str = ""
) -> tuple[str, list[str]]:
    """List through the cache; return its header and the names."""
    connection = connecting(cache_control=cache_control) if cache_control else connecting()
    listing = Listing(principal=Principal(id="me"), connection=connection)
    models = await cache.around_models(ollama.list)(listing)
    return listing.headers["x-localai-cache"], [model["name"] for model in models]


NAMES = ["llama3.2:latest", "qwen:latest"]


async def test_a_list_is_kept() -> None:
    """The second list comes without Ollama, with every key of each model."""
    ollama = Ollama()
    async with caching() as cache:
        assert await listed(cache, ollama) == ("miss", NAMES)
        assert await listed(cache, ollama) == ("hit", NAMES)
        again = await cache.around_models(ollama.list)(Listing(principal=Principal(id="x")))
        assert again == ollama.models
    assert ollama.asked == 1


async def test_a_list_has_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is kept for `models_ttl`, whatever the time of answers is."""
    ollama = Ollama()
    async with caching(models_ttl=Duration(5), ttl=Duration(1e6)) as cache:
        await listed(cache, ollama)
        now = time.monotonic()
        monkeypatch.setattr(cache._store.backend, "_clock", lambda: now + 4)
        assert (await listed(cache, ollama))[0] == "hit"
        monkeypatch.setattr(cache._store.backend, "_clock", lambda: now + 6)
        assert (await listed(cache, ollama))[0] == "miss"


async def test_a_list_goes_when_a_model_is_seen_to_change() -> None:
    """As soon as models are seen to have come or changed, the next list is a new one."""
    router, ollama = Router(), Ollama()
    async with caching(router, digests_age=Duration(0)) as cache:
        await listed(cache, ollama)
        assert (await listed(cache, ollama))[0] == "hit"
        router.installed.append({"name": "new:latest", "digest": "dd" * 32})
        assert (await listed(cache, ollama))[0] == "miss"
        router.installed[-1]["digest"] = "ee" * 32
        assert (await listed(cache, ollama))[0] == "miss"
        assert (await listed(cache, ollama))[0] == "hit"


async def test_the_last_list_is_given_while_ollama_is_away() -> None:
    """What was listed before is there when nobody can be asked."""
    router, ollama = Router(), Ollama()

    async def away() -> Models:
        raise UpstreamFailed("away")

    async with caching(router, digests_age=Duration(0)) as cache:
        await listed(cache, ollama)
        router.identities = away  # type: ignore[method-assign]
        assert await listed(cache, ollama) == ("hit", NAMES)


async def test_another_source_has_another_list() -> None:
    """When Ollama answers in place of the embedded engine, its models are listed at once."""
    router, ollama = Router(), Ollama()
    async with caching(router) as cache:
        await listed(cache, ollama)
        router.source = "http://127.0.0.1:5555"
        assert (await listed(cache, ollama))[0] == "miss"
        router.source = "http://127.0.0.1:11434"
        assert (await listed(cache, ollama))[0] == "hit"


async def test_a_new_list_may_be_wanted() -> None:
    """`no-cache` lists anew and keeps that, `no-store` keeps nothing."""
    ollama = Ollama()
    async with caching() as cache:
        assert (await listed(cache, ollama, "no-store"))[0] == "bypass"
        assert (await listed(cache, ollama))[0] == "miss"
        ollama.models = ollama.models[:1]
        assert await listed(cache, ollama, "no-cache") == ("bypass", NAMES[:1])
        assert await listed(cache, ollama) == ("hit", NAMES[:1])
