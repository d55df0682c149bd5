"""The cache of exact repetitions, in a router."""

import asyncio
import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import ollama
import openai
import pytest

from localai import Duration, Message, Secret, SettingsError
from plugins.cache.exact import ExactCache
from plugins.cache.memory import BoundedMemory
from plugins.cache.stores import keeping_of
from tests.double import OllamaDouble, Script
from tests.plugins.cache.support import Router, caching, said
from tests.plugins.support import ENDLESS, HELLO, Model, asking, leaves, serving
from tests.servers.redis import Redis
from tests.support import routing, toml_for

CHAT: dict[str, Any] = {
    "model": "tiny",
    "messages": [{"role": "user", "content": "hi"}],
    "temperature": 0,
    "options": {"temperature": 0},
    "stream": False,
}
WRONG: list[Any] = [{"nocache": True}, {"ttl": -1}, {"tags": [""]}, {"no-cache": "yes"}, []]
PATHS = ("/api/chat", "/v1/chat/completions")


def chats(double: OllamaDouble) -> int:
    """Return how often the model was asked."""
    return sum(request.path in ("/api/chat", "/api/generate") for request in double.received)


async def ready(condition: Callable[[], object]) -> None:
    """Wait for what sockets and tasks bring about."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the gateway has no event for it
            await asyncio.sleep(0.001)


def client_of(router: Any, **headers: str) -> httpx.AsyncClient:
    """Return a client with these headers."""
    return httpx.AsyncClient(base_url=router.url, headers=headers, trust_env=False)


async def test_all_endpoints_answer_from_the_same_entry(tmp_path: Path) -> None:
    """Over HTTP the second answer is a hit with the same text, streamed or not, in both APIs."""
    body = asking("What is this?", options={"temperature": 0}, temperature=0)
    async with serving(tmp_path, "cache") as (_, client):
        first = await client.post("/api/chat", json=body)
        assert first.headers["x-localai-cache"] == "miss"
        assert "age" not in first.headers
        text = first.json()["message"]["content"]
        openai = await client.post("/v1/chat/completions", json=body)
        assert openai.json()["choices"][0]["message"]["content"] == text
        streams = [await client.post(path, json=body | {"stream": True}) for path in PATHS]
    assert all(answer.headers["x-localai-cache"] == "hit" for answer in (openai, *streams))
    assert all(answer.headers["age"] == "0" for answer in (openai, *streams))
    assert all(answer.headers["x-localai-engine"] == "embedded" for answer in streams)
    assert all(answer.status_code == 200 for answer in streams)
    assert streams[1].text.endswith("data: [DONE]\n\n")


async def test_the_clients_of_both_formats_read_hits(double: OllamaDouble, tmp_path: Path) -> None:
    """The official clients get the same text from a hit, with ids and times of their own."""
    async with (
        routing(toml_for(double.url, "cache"), tmp_path) as router,
        openai.AsyncOpenAI(base_url=f"{router.url}/v1", api_key="x") as client,
        ollama.AsyncClient(router.url) as native,
    ):
        ask: dict[str, Any] = {"model": "tiny", "messages": CHAT["messages"], "temperature": 0}
        first = await client.chat.completions.create(**ask)
        again = await client.chat.completions.create(**ask)
        stream = await client.chat.completions.create(
            **ask, stream=True, stream_options={"include_usage": True}
        )
        events = [event async for event in stream]
        answer = await native.chat(
            model="tiny", messages=CHAT["messages"], options={"temperature": 0}
        )
    text = first.choices[0].message.content
    assert again.choices[0].message.content == answer.message.content == text
    assert (
        "".join(event.choices[0].delta.content or "" for event in events if event.choices) == text
    )
    assert first.id != again.id
    assert again.created >= first.created
    assert again.usage == first.usage == events[-1].usage
    assert again.usage is not None
    assert again.usage.prompt_tokens_details is None
    assert answer.eval_count == again.usage.completion_tokens
    assert answer.created_at is not None
    assert chats(double) == 1


async def test_listeners_over_http_share_one_run(double: OllamaDouble, tmp_path: Path) -> None:
    """Twenty clients of both formats ask at once: Ollama is asked once, and all get its answer."""
    double.script(Script(tokens=["one", " two", " three"], gate=(gate := asyncio.Event())))
    async with (
        routing(toml_for(double.url, "cache"), tmp_path) as router,
        client_of(router) as http,
    ):
        bodies = [CHAT | {"stream": number % 3 == 0} for number in range(20)]
        tasks = [
            asyncio.create_task(http.post(PATHS[number % 2], json=body))
            for number, body in enumerate(bodies)
        ]
        keeping = keeping_of(router.gateway)
        assert keeping is not None
        await ready(lambda: router.gateway.running == 20)
        gate.set()
        answers = await asyncio.gather(*tasks)
        report = keeping.statistics.report()["chat"]
    assert chats(double) == 1
    found = sorted(answer.headers["x-localai-cache"] for answer in answers)
    assert found.count("miss") == 1
    assert report["joins"] == found.count("join")
    assert report["joins"] + report["hits"] == 19
    assert all("two" in answer.text for answer in answers)


async def test_an_image_of_one_other_byte_is_another_request(
    double: OllamaDouble, tmp_path: Path
) -> None:
    """Two requests that differ in one byte of an image are two answers."""
    png = bytearray(b"\x89PNG\r\n\x1a\n" + bytes(64))
    async with (
        routing(toml_for(double.url, "cache"), tmp_path) as router,
        client_of(router) as http,
    ):
        found = []
        for byte in (1, 1, 2):
            png[-1] = byte
            message = {"role": "user", "content": "?", "images": [base64.b64encode(png).decode()]}
            answer = await http.post(
                "/api/chat", json=CHAT | {"model": "tiny-vision", "messages": [message]}
            )
            found.append(answer.headers["x-localai-cache"])
    assert found == ["miss", "hit", "miss"]


async def test_a_request_says_what_it_wants(double: OllamaDouble, tmp_path: Path) -> None:
    """Header and body are honoured in both formats, and a mistake in the body is named."""
    async with (
        routing(toml_for(double.url, "cache"), tmp_path) as router,
        client_of(router) as http,
    ):

        async def ask(path: str, more: Any = None, **headers: str) -> httpx.Response:
            body = CHAT | ({"cache": more} if more is not None else {})
            return await http.post(path, json=body, headers=headers)

        for path in PATHS:
            await ask(path)
            for answer, expected in (
                (await ask(path), "hit"),
                (await ask(path, {"no-cache": True}), "bypass"),
                (await ask(path, {"no-store": True}), "bypass"),
                (await ask(path, {"max-age": 60}), "hit"),
                (await ask(path, {"tags": ["a"], "ttl": 5}), "hit"),
                (await ask(path, **{"cache-control": "no-store"}), "bypass"),
            ):
                assert answer.headers["x-localai-cache"] == expected
            wrongs: list[Any] = [
                {"nocache": True},
                {"ttl": -1},
                {"tags": [""]},
                {"no-cache": "yes"},
                [],
            ]
            for wrong in wrongs:
                refused = await ask(path, wrong)
                assert refused.status_code == 400
                assert "cache" in refused.text
        embedding = {"model": "tiny-embed", "input": "x", "cache": {"no-store": True}}
        for path in ("/v1/embeddings", "/api/embed"):
            answer = await http.post(path, json=embedding)
            assert answer.headers["x-localai-cache"] == "bypass"


async def test_lists_of_models_are_kept_for_all(double: OllamaDouble, tmp_path: Path) -> None:
    """Both formats list from one entry, and each caller sees what it may use."""
    toml = toml_for(
        double.url,
        "auth cache",
        """
[plugins.auth.static]
keys = [
    { name = "all", key = "all-0123456789abcdef", scopes = ["*"] },
    { name = "one", key = "one-0123456789abcdef", scopes = ["models:read"], models = ["tiny"] },
]
""",
    )
    async with routing(toml, tmp_path) as router:
        every, one = (
            client_of(router, authorization=f"Bearer {name}-0123456789abcdef")
            for name in ("all", "one")
        )
        async with every, one:
            first = await every.get("/v1/models")
            second = await one.get("/api/tags")
            single = await one.get("/v1/models/tiny")
    assert first.headers["x-localai-cache"] == "miss"
    assert second.headers["x-localai-cache"] == single.headers["x-localai-cache"] == "hit"
    assert len(first.json()["data"]) == len(list(double.models))
    assert [model["name"] for model in second.json()["models"]] == ["tiny:latest"]


async def test_a_new_version_of_a_model_is_asked(double: OllamaDouble, tmp_path: Path) -> None:
    """After a pull the same question is a new one, within `digests_age`."""
    more = '[plugins.cache.exact]\ndigests_age = "0s"\n'
    toml = toml_for(double.url, "cache", more)
    async with routing(toml, tmp_path) as router, client_of(router) as http:
        found = []
        for digest in ("", "", "cd" * 32, ""):
            if digest:
                next(each for each in double.models if each.short == "tiny:latest").digest = digest
            answer = await http.post("/api/chat", json=CHAT)
            found.append(answer.headers["x-localai-cache"])
    assert found == ["miss", "hit", "miss", "hit"]


async def test_a_caller_that_leaves_over_http_leaves_nothing(tmp_path: Path) -> None:
    """A broken connection keeps no answer."""
    async with serving(tmp_path, "cache endless", ENDLESS) as (router, client):
        await leaves(client, router, options={"temperature": 0})
        report = (await client.get("/health")).json()
    (cache,) = (each["report"] for each in report["plugins"] if each["name"] == "cache.exact")
    assert (cache["entries"], cache["misses"]) == (0, 1)


async def test_it_reports_how_it_does() -> None:
    """Health has the hits, misses, joins, evictions and what the entries take."""
    async with caching(max_entries=1) as cache:
        for seed in (1, 1, 2):
            await said(cache, Model(*HELLO), request_id=str(seed), messages=_saying(seed))
        report = await cache.health()
        memory = cache._store.backend
        assert isinstance(memory, BoundedMemory)
        assert report.pop("bytes") == memory.bytes > 0
    assert report == {
        "entries": 1,
        "evictions": 1,
        "expired": 0,
        "hits": 1,
        "misses": 2,
        "joins": 0,
    }


def _saying(number: int) -> Any:
    return (Message(role="user", content=str(number)),)


async def test_routers_share_answers_by_redis(
    double: OllamaDouble, redis: Redis, tmp_path: Path
) -> None:
    """What one router keeps another one gives; while Redis is away both ask Ollama."""
    more = f'[plugins.cache.exact]\nstorage = "{redis.url}"\n'
    toml = toml_for(double.url, "cache", more)
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    async with (
        routing(toml, folders[0]) as one,
        routing(toml, folders[1]) as two,
        client_of(one) as first,
        client_of(two) as second,
    ):
        answers = [await client.post("/api/chat", json=CHAT) for client in (first, second)]
        assert [each.headers["x-localai-cache"] for each in answers] == ["miss", "hit"]
        assert answers[0].json()["message"] == answers[1].json()["message"]
        texts = {"model": "tiny-embed", "input": ["a", "b"]}
        await first.post("/api/embed", json=texts)
        again = await second.post("/api/embed", json=texts | {"input": ["b", "c"]})
        assert again.headers["x-localai-cache"] == "miss"
        assert double.received[-1].json["input"] == ["c"]
        redis.stop()
        for client in (first, second, first):
            answer = await client.post("/api/chat", json=CHAT)
            assert (answer.status_code, answer.headers["x-localai-cache"]) == (200, "miss")


async def test_a_second_router_may_wait_for_the_first(
    double: OllamaDouble, redis: Redis, tmp_path: Path
) -> None:
    """Where the file says so, what one router is answering is not asked again by another one."""
    more = f'[plugins.cache.exact]\nstorage = "{redis.url}"\njoin_routers = "wait"\n'
    toml = toml_for(double.url, "cache", more)
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    double.script(Script(tokens=["one", " two"], gate=(gate := asyncio.Event())))
    async with (
        routing(toml, folders[0]) as one,
        routing(toml, folders[1]) as two,
        client_of(one) as first,
        client_of(two) as second,
    ):
        leader = asyncio.create_task(first.post("/api/chat", json=CHAT))
        await double.wait_for(1)
        await ready(lambda: chats(double))
        waiting = [
            asyncio.create_task(second.post(path, json=CHAT | {"stream": True})) for path in PATHS
        ]
        await ready(lambda: two.gateway.running == 2)
        gate.set()
        answers = [await leader, *[await each for each in waiting]]
    assert chats(double) == 1
    assert all("two" in answer.text for answer in answers)
    assert answers[0].headers["x-localai-cache"] == "miss"
    assert {answer.headers["x-localai-cache"] for answer in answers[1:]} <= {"hit", "join"}


async def test_answers_live_on_through_a_reload(double: OllamaDouble, tmp_path: Path) -> None:
    """Another setting elsewhere loses no answer, another one here begins anew."""
    more = '[plugins.cache.exact]\nttl = "1h"\n[plugins.metrics.log]\nhealth = false\n'
    toml = toml_for(double.url, "metrics.log cache", more)
    async with routing(toml, tmp_path) as router, client_of(router) as http:
        await http.post("/api/chat", json=CHAT)
        await router.change("health = false", "health = true")
        answer = await http.post("/api/chat", json=CHAT)
        assert answer.headers["x-localai-cache"] == "hit"
        await router.change('ttl = "1h"', 'ttl = "2h"')
        answer = await http.post("/api/chat", json=CHAT)
        assert answer.headers["x-localai-cache"] == "miss"
        assert keeping_of(router.gateway) is not None


@pytest.mark.parametrize("storage", ["http://127.0.0.1", "", "redis"])
def test_a_wrong_storage_is_refused(storage: str) -> None:
    """What is no storage stops the start, and says how one is written."""
    with pytest.raises(SettingsError, match="redis://HOST"):
        ExactCache(ExactCache.Config(storage=Secret(storage)))


def test_redis_may_not_take_long() -> None:
    """A timeout of Redis' above 100 ms stops the start: each request would wait for it."""
    url = Secret("redis://127.0.0.1:6379/0")
    with pytest.raises(SettingsError, match="100ms at most"):
        ExactCache(ExactCache.Config(storage=url, timeout=Duration(0.2)))
    ExactCache(ExactCache.Config(storage=url, timeout=Duration(0.1)))


async def test_it_offers_what_it_keeps_while_it_runs() -> None:
    """The rest of the family finds the store as long as this plugin is on."""
    router = Router()
    async with caching(router) as cache:
        keeping = keeping_of(router)
        assert keeping is not None
        assert keeping.store is cache._store
    assert keeping_of(router) is None
