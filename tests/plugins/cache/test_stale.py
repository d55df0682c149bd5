"""Old answers, when no other can be had."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from localai import (
    Caching,
    Chunk,
    ContextTooLong,
    Duration,
    GatewayError,
    ModelNotFound,
    RateLimited,
    Unavailable,
    UpstreamFailed,
    UpstreamUnreachable,
)
from tests.double import OllamaDouble, faults
from tests.plugins.cache.support import COLD, caching, said
from tests.plugins.support import HELLO, Model, a_call, all_of, connecting
from tests.support import routing, toml_for

STALE: dict[str, Any] = {"ttl": Duration(60), "stale_if_error": Duration(3600)}
DOWN = Model(failure=UpstreamUnreachable("nobody there"))
Later = Callable[[float], None]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Return a way to make it so many seconds later, for who reads how old an answer is."""
    now = time.time()

    def move(seconds: float) -> None:
        for module in ("answers", "keeping", "semantic.similar"):
            monkeypatch.setattr(f"plugins.cache.{module}.time.time", lambda: now + seconds)

    return move


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    "failure", [UpstreamUnreachable("away"), UpstreamFailed("crashed"), Unavailable("full")]
)
async def test_an_old_answer_is_better_than_none(
    later: Later, failure: GatewayError, stream: bool
) -> None:
    """When the model fails on the server side, the caller gets it, and is told its age."""
    async with caching(**STALE) as cache:
        await said(cache, Model(*HELLO))
        later(100.5)
        call = a_call(options=COLD, stream=stream)
        with capture_logs() as entries:
            answer = cache.around_inference(Model(failure=failure).infer)
            chunks = await all_of(answer, call)
        report = cache._statistics.report()["chat"]
    assert "".join(chunk.content for chunk in chunks) == "Hello"
    assert chunks[-1].done
    assert (call.headers["x-localai-cache"], call.headers["age"]) == ("stale", "100")
    assert [each["event"] for each in entries] == ["an old answer is given"]
    assert report["hits"] == 1


async def test_what_the_model_says_comes_first(later: Later) -> None:
    """While it answers, an old answer is none, and the new one takes its place."""
    async with caching(**STALE) as cache:
        await said(cache, Model(*HELLO))
        later(100)
        new = Model(Chunk(content="Bye", model="llama3.2"), HELLO[-1])
        assert await said(cache, new) == ("miss", list(new.chunks))
        later(0)
        assert await said(cache, DOWN) == ("hit", list(new.chunks))


@pytest.mark.parametrize(
    "failure", [ModelNotFound("gone"), ContextTooLong("too long"), RateLimited("too fast")]
)
async def test_what_the_caller_must_mend_is_told(later: Later, failure: GatewayError) -> None:
    """No answer hides that."""
    async with caching(**STALE) as cache:
        await said(cache, Model(*HELLO))
        later(100)
        with pytest.raises(type(failure)):
            await said(cache, Model(failure=failure))


async def test_an_answer_that_has_begun_is_not_ended_by_another(later: Later) -> None:
    """Its failure is the caller's to see."""
    async with caching(**STALE) as cache:
        await said(cache, Model(*HELLO))
        later(100)
        with pytest.raises(UpstreamFailed):
            await said(cache, Model(Chunk(content="Bye"), failure=UpstreamFailed("crashed")))


@pytest.mark.parametrize(
    "changes",
    [
        {"cache": Caching(max_age=90)},
        {"cache": Caching(no_cache=True)},
        {"connection": connecting(cache_control="max-age=90")},
    ],
)
async def test_who_wants_no_old_answer_gets_none(later: Later, changes: dict[str, Any]) -> None:
    """What a request allows counts also when all else fails."""
    async with caching(**STALE) as cache:
        await said(cache, Model(*HELLO))
        later(100)
        with pytest.raises(UpstreamUnreachable):
            await said(cache, DOWN, **changes)


async def test_by_default_there_are_no_old_answers(later: Later) -> None:
    """What is kept is given for its time, and no longer."""
    async with caching(ttl=Duration(60)) as cache:
        await said(cache, Model(*HELLO))
        later(100)
        with pytest.raises(UpstreamUnreachable):
            await said(cache, DOWN)


async def test_they_are_kept_for_so_much_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless the request says how long its answer may be kept."""
    async with caching(**STALE) as cache:
        lives = []
        put = cache._store.put

        async def noted(entry: Any, ttl: float) -> bool:
            lives.append(ttl)
            return await put(entry, ttl)

        monkeypatch.setattr(cache._store, "put", noted)
        await said(cache, Model(*HELLO))
        await said(cache, Model(*HELLO), cache=Caching(no_cache=True, ttl=30))
    assert lives == [3660, 30]


async def test_another_models_answer_is_not_kept() -> None:
    """What a fallback has said is not given as the wanted model's for an hour."""

    async def infer(call: Any) -> Any:
        call.headers["x-localai-fallback"] = "tiny; cause=busy"
        for chunk in HELLO:
            yield chunk

    async with caching() as cache:
        handler = cache.around_inference(infer)
        for _ in range(2):
            call = a_call(options=COLD)
            await all_of(handler, call)
            assert call.headers["x-localai-cache"] == "miss"


async def test_it_works_over_http(tmp_path: Path) -> None:
    """Retries first, then the old answer, in both APIs, streamed and plain; then the error."""
    more = """
[plugins.cache.exact]
ttl = 0
stale_if_error = "1h"
[plugins.routing.fallback]
attempts = 2
backoff = "1ms"
"""
    body = {
        "model": "tiny",
        "messages": [{"role": "user", "content": "hi"}],
        "temperature": 0,
        "options": {"temperature": 0},
    }
    async with OllamaDouble() as double:
        toml = toml_for(double.url, "cache.exact routing.fallback", more)
        async with (
            routing(toml, tmp_path) as router,
            httpx.AsyncClient(base_url=router.url, trust_env=False) as client,
        ):
            first = await client.post("/api/chat", json=body | {"stream": False})
            assert first.headers["x-localai-cache"] == "miss"
            for path in ("/api/chat", "/v1/chat/completions"):
                for stream in (True, False):
                    for _ in range(2):
                        double.fail(faults.runner_gone(), "/api/chat")
                    answer = await client.post(path, json=body | {"stream": stream})
                    assert answer.status_code == 200
                    assert answer.headers["x-localai-cache"] == "stale"
                    assert " tiny" in answer.text
            for _ in range(2):
                double.fail(faults.runner_gone(), "/api/chat")
            other = body | {"messages": [{"role": "user", "content": "new"}]}
            assert (await client.post("/api/chat", json=other)).status_code == 500
