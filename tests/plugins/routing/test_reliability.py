"""All that stands between a failure and a client, in its order, in front of two Ollamas."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.double import Model, OllamaDouble, faults
from tests.support import routing

MEMBERS = "hosts catalogue estimate quiet hardware last_resort select context queue"
SETTINGS = """
[chain]
plugins = ["routing", "cache.exact", "routing.fallback", "routing.context", "routing.queue"]
[plugins.cache.exact]
ttl = 0
stale_if_error = "1h"
[plugins.routing.fallback]
backoff = "1ms"
retry_share = 1.0
chains = { big = ["tiny"] }
"""
FALLBACK, CACHE = "x-localai-fallback", "x-localai-cache"
Doubles = tuple[OllamaDouble, OllamaDouble]


@pytest.fixture
async def doubles() -> AsyncIterator[Doubles]:
    """Two Ollamas with the same models."""

    def models() -> list[Model]:
        embed = Model(name="embed", capabilities=("embedding",), pooling="MEAN")
        return [Model(name="big"), Model(name="tiny"), embed]

    async with OllamaDouble(models()) as one, OllamaDouble(models()) as two:
        yield one, two


async def ask(client: httpx.AsyncClient, text: str, **more: Any) -> httpx.Response:
    """Ask the big model, so that its answer can be kept."""
    messages = [{"role": "user", "content": text}]
    body = {"model": "big", "messages": messages, "temperature": 0, "stream": False}
    return await client.post("/v1/chat/completions", json=body | more)


async def test_each_remedy_has_its_turn(tmp_path: Path, doubles: Doubles) -> None:
    """Another try, another host, another model, an old answer, the default text, the error; and
    when a host is back, all is as before."""
    one, two = doubles
    hosts = f'[ollama]\nhosts = ["{one.url}", "{two.url}"]\nembedded = "never"\n'
    on = "".join(f"[plugins.routing.{name}]\nenabled = true\n" for name in MEMBERS.split())
    async with (
        routing(hosts + SETTINGS + on, tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=20) as client,
    ):
        first = await ask(client, "What?")
        assert (first.status_code, first.headers[CACHE]) == (200, "miss")

        doubles[int(first.headers["x-localai-host"]) - 1].fail(faults.runner_gone(), "/api/chat")
        again = await ask(client, "Why?")
        assert again.status_code == 200
        assert FALLBACK not in again.headers

        await one.stop()
        other_host = await ask(client, "Where?")
        assert (other_host.status_code, other_host.headers["x-localai-host"]) == (200, "2")
        assert FALLBACK not in other_host.headers

        for _ in range(3):
            two.fail(faults.runner_gone(), "/api/chat")
        other_model = await ask(client, "When?")
        assert other_model.status_code == 200
        assert other_model.headers[FALLBACK] == "tiny; cause=error"

        await two.stop()
        old = await ask(client, "What?")
        assert (old.status_code, old.headers[CACHE]) == (200, "stale")
        said = first.json()["choices"][0]["message"]
        assert old.json()["choices"][0]["message"] == said

        default = await ask(client, "Who?")
        assert (default.status_code, default.headers[FALLBACK]) == (200, "default")
        vectors = await client.post("/v1/embeddings", json={"model": "embed", "input": "x"})
        assert vectors.status_code == 503

        await two.start()
        async with asyncio.timeout(20):
            while FALLBACK in (await ask(client, "And now?")).headers:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
