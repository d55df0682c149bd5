"""The plugin in a router, over HTTP, with the embedded engine's vectors beside an Ollama."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
from structlog.testing import capture_logs

from plugins.cache.semantic.plugin import SemanticCache
from tests.double import OllamaDouble, Script
from tests.plugins.cache.semantic.support import Embedding
from tests.plugins.cache.support import Router
from tests.support import routing

ON = '[plugins.cache.semantic]\nenabled = true\ntimeout = "30s"\n'
KEYS = """
[plugins.auth.static]
keys = [
  { name = "anna", key = "anna-key-0123456789", tenant = "lab", scopes = ["chat"] },
  { name = "bert", key = "bert-key-0123456789", tenant = "office", scopes = ["chat"] },
  { name = "carl", key = "carl-key-0123456789", tenant = "shop", scopes = ["chat"] },
]
"""
ONE = "How do I reset my password?"
NEAR = "How can I reset my password?"
FAR = "How do I reset my router?"


def toml(url: str, chain: str = '"cache"', more: str = ON) -> str:
    """Return settings for a router in front of this Ollama."""
    return f'[ollama]\nhosts = ["{url}"]\n[chain]\nplugins = [{chain}]\n{more}'


async def ask(
    client: httpx.AsyncClient, text: str, key: str = "", **more: Any
) -> tuple[str | None, str]:
    """Ask by OpenAI's format; return the header and the answer."""
    body = {
        "model": "tiny",
        "messages": [{"role": "user", "content": text}],
        "temperature": 0,
    } | more
    headers = {"authorization": f"Bearer {key}"} if key else {}
    answer = await client.post("/v1/chat/completions", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    content = answer.json()["choices"][0]["message"]["content"]
    return answer.headers.get("x-localai-cache"), content


async def test_a_similar_question_is_answered_without_ollama(
    double: OllamaDouble, tmp_path: Path
) -> None:
    """The embedded engine makes the vectors while Ollama is there; each chat goes to Ollama."""
    double.script(Script(tokens=("By", " mail")))
    async with (
        routing(toml(double.url), tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False) as client,
    ):
        assert await ask(client, ONE) == ("miss", "By mail")
        assert await ask(client, NEAR) == ("hit", "By mail")
        assert (await ask(client, FAR))[0] == "miss"
        assert (await ask(client, NEAR, temperature=0.7))[0] == "bypass"
        health = (await client.get("/health")).json()
    assert sum(each.path == "/api/chat" for each in double.received) == 3
    assert not [each for each in double.received if each.path == "/api/embed"]
    assert '"hits": 1' in str(health).replace("'", '"')


async def test_tenants_are_apart_over_http(double: OllamaDouble, tmp_path: Path) -> None:
    """Neither the same nor a similar question hits what another tenant has asked."""
    more = f"{ON}{KEYS}"
    async with (
        routing(toml(double.url, '"auth.static", "cache"', more), tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False) as client,
    ):
        assert (await ask(client, ONE, "anna-key-0123456789"))[0] == "miss"
        assert (await ask(client, NEAR, "bert-key-0123456789"))[0] == "miss"
        assert (await ask(client, ONE, "carl-key-0123456789"))[0] == "miss"
        assert (await ask(client, NEAR, "anna-key-0123456789"))[0] == "hit"


async def test_a_vector_costs_the_caller_nothing(double: OllamaDouble, tmp_path: Path) -> None:
    """Neither the limits of its key nor those of its tenant count what the router embeds."""
    more = f"""{ON}{KEYS}
[plugins.auth.limits]
rules = [
  {{ per = "key", kind = "any", requests = "2/minute" }},
  {{ per = "tenant", kind = "any", requests = "2/minute" }},
]
"""
    chain = '"auth.static", "auth.limits", "cache"'
    async with (
        routing(toml(double.url, chain, more), tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False) as client,
    ):
        assert (await ask(client, ONE, "anna-key-0123456789"))[0] == "miss"
        assert (await ask(client, FAR, "anna-key-0123456789"))[0] == "miss"
        body = {"model": "tiny", "messages": [{"role": "user", "content": NEAR}]}
        headers = {"authorization": "Bearer anna-key-0123456789"}
        answer = await client.post("/v1/chat/completions", json=body, headers=headers)
        assert answer.status_code == 429


async def test_it_is_off_until_the_file_says_so(double: OllamaDouble, tmp_path: Path) -> None:
    """The family alone does not have it, nor NumPy with it."""
    async with (
        routing(toml(double.url, more=""), tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False) as client,
    ):
        plugins = [plugin.name for plugin in router.gateway.current.plugins]
        assert plugins == ["cache.exact"]
        assert (await ask(client, ONE))[0] == "miss"
        assert (await ask(client, NEAR))[0] == "miss"


async def test_a_changed_threshold_counts_from_the_reload_on(
    double: OllamaDouble, tmp_path: Path
) -> None:
    """What was kept stays, and is compared by the new threshold."""
    async with (
        routing(toml(double.url, more=f"{ON}threshold = 1.0\n"), tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False) as client,
    ):
        assert (await ask(client, ONE))[0] == "miss"
        await router.change("threshold = 1.0", "threshold = 0.95")
        plugin = router.gateway.current.plugins[-1].instance
        async with asyncio.timeout(5):
            while not (await plugin.health())["questions"]:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        assert (await ask(client, NEAR))[0] == "hit"


async def test_nothing_is_left_behind() -> None:
    """When it stops, its task and its thread have ended."""
    router = Router()
    router.handler = Embedding({}).infer
    before = asyncio.all_tasks()
    plugin = SemanticCache(SemanticCache.Config())
    with capture_logs() as logs:
        async with plugin.lifespan(router.gateway):
            assert len(asyncio.all_tasks()) == len(before) + 1
    assert asyncio.all_tasks() == before
    assert [line["event"] for line in logs] == [
        "similar questions get no kept answers: switch cache.exact on, before it"
    ]
