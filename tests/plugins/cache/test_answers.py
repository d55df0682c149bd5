"""Chats and completions that are kept and given again."""

import asyncio
import itertools
import time
from contextlib import aclosing
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.api.answer import collect
from localai import (
    Caching,
    Chunk,
    Duration,
    GatewayError,
    Message,
    Options,
    Principal,
    Size,
    UpstreamFailed,
)
from plugins.cache import keeping
from tests.plugins.cache.entries import CHUNKS
from tests.plugins.cache.support import COLD, Router, caching, said, soon
from tests.plugins.support import HELLO, Model, a_call, all_of, connecting

WHOLE = (HELLO[-1].replace(content="Hello"),)
FORMS = list(itertools.product((True, False), ("openai", "ollama")))


@pytest.mark.parametrize(("stored", "asked"), [*itertools.product(FORMS, FORMS)])
async def test_an_answer_is_given_again_whatever_form_it_had(
    stored: tuple[bool, str], asked: tuple[bool, str]
) -> None:
    """A hit says what was said, whoever asked for it in which form."""
    model = Model(*(HELLO if stored[0] else WHOLE))
    async with caching() as cache:
        first = await said(cache, model, stream=stored[0], dialect=stored[1])
        again = await said(cache, model, stream=asked[0], dialect=asked[1], request_id="another")
    assert first == ("miss", list(model.chunks))
    assert again[0] == "hit"
    assert "".join(chunk.content for chunk in again[1]) == "Hello"
    assert again[1][-1].replace(content="") == HELLO[-1]
    assert len(model.calls) == 1


@settings(deadline=None, max_examples=50)
@given(st.lists(CHUNKS.map(lambda chunk: chunk.replace(done=False, created_at="", model="m"))))
async def test_every_chunk_comes_out_as_it_went_in(before: list[Chunk]) -> None:
    """Whatever a model says, tool calls too, is given again to the last bit."""
    last = HELLO[-1].replace(model="m")
    model = Model(*before, last)
    async with caching() as cache:
        await said(cache, model)
        assert await said(cache, model) == ("hit", [*before, last])


async def test_a_kept_stream_reads_as_one_answer() -> None:
    """A stream that is given again to somebody who wants no stream joins to its whole text."""
    model = Model(*HELLO)
    async with caching() as cache:
        await said(cache, model)
        handler = cache.around_inference(model.infer)
        whole = await collect(handler(a_call(options=COLD, stream=False)))
    assert (whole.content, whole.eval_count, whole.done) == ("Hello", 2, True)


async def test_an_answer_that_the_caller_cut_is_not_kept() -> None:
    """Whoever leaves before the last chunk leaves nothing behind, and the model is stopped."""
    model = Model(*HELLO)
    model.gate = asyncio.Event()
    async with caching() as cache:
        async with aclosing(cache.around_inference(model.infer)(a_call(options=COLD))) as chunks:
            await anext(chunks)
        assert model.closed == 1
        model.gate.set()
        assert (await said(cache, model))[0] == "miss"


async def test_an_answer_that_failed_is_not_kept() -> None:
    """A failure reaches the caller, and the next one asks the model again."""
    model = Model(*HELLO[:2], failure=GatewayError("broken"))
    async with caching() as cache:
        for _ in range(2):
            with pytest.raises(GatewayError, match="broken"):
                await said(cache, model)
    assert len(model.calls) == 2


async def test_an_answer_without_an_end_is_not_kept() -> None:
    """Chunks without a last one are passed on and forgotten."""
    model = Model(*HELLO[:2])
    async with caching() as cache:
        assert await said(cache, model) == ("miss", list(HELLO[:2]))
        assert (await said(cache, model))[0] == "miss"


@pytest.mark.parametrize(
    ("reason", "again"),
    [
        ("stop", "hit"),
        ("length", "hit"),
        ("", "hit"),
        ("content_filter", "miss"),
        ("error", "miss"),
        ("load", "miss"),
        ("refused", "miss"),
    ],
)
async def test_only_what_ended_well_is_kept(reason: str, again: str) -> None:
    """What was filtered, refused or broken off is asked for again."""
    model = Model(*HELLO[:2], HELLO[-1].replace(done_reason=reason))
    async with caching() as cache:
        assert (await said(cache, model))[0] == "miss"
        assert (await said(cache, model))[0] == again


async def test_an_answer_that_is_too_long_is_not_kept() -> None:
    """What is above `max_answer` is passed on whole and forgotten, long pieces and many."""
    async with caching(max_answer=Size(900)) as cache:
        for pieces in (["x" * 901], ["x" * 50] * 11, ["é" * 500]):
            model = Model(*(Chunk(content=piece) for piece in pieces), HELLO[-1])
            _, chunks = await said(cache, model)
            assert chunks == list(model.chunks)
            assert (await said(cache, model))[0] == "miss"
        model = Model(Chunk(content="x" * 50, model="llama3.2"), HELLO[-1])
        assert (await said(cache, model))[0] == "miss"
        assert (await said(cache, model))[0] == "hit"


async def test_nothing_crosses_tenants() -> None:
    """Callers of one tenant share answers; those of another one never see them."""
    ann, bob = Principal(id="ann", tenant="one"), Principal(id="bob", tenant="one")
    eve = Principal(id="ann", tenant="two", scopes=frozenset({"*"}))
    model = Model(*HELLO)
    async with caching() as cache:
        answers = [await said(cache, model, principal=caller) for caller in (ann, bob, eve, eve)]
    assert [how for how, _ in answers] == ["miss", "hit", "miss", "hit"]


async def test_two_tenants_share_no_run() -> None:
    """Callers of two tenants who ask the same at once are answered by two runs."""
    model = Model(*HELLO)
    model.gate = asyncio.Event()
    async with caching() as cache:
        tasks = [
            asyncio.create_task(said(cache, model, principal=Principal(id="x", tenant=tenant)))
            for tenant in ("one", "one", "two", "two")
        ]
        await soon(lambda: len(model.calls) == 2)
        model.gate.set()
        answers = await asyncio.gather(*tasks)
    assert [how for how, _ in answers] == ["miss", "join", "miss", "join"]
    assert {call.principal.tenant for call in model.calls} == {"one", "two"}


async def test_who_joins_hears_what_was_said_and_the_rest() -> None:
    """A second request gets the pieces from before it came at once, the others as they come."""
    model = Model(*HELLO)
    model.gate = asyncio.Event()
    async with caching() as cache:
        handler = cache.around_inference(model.infer)
        first, second = handler(a_call(options=COLD)), a_call(options=COLD, dialect="openai")
        assert await anext(first) == HELLO[0]
        async with aclosing(handler(second)) as joined:
            assert await anext(joined) == HELLO[0]
            assert second.headers["x-localai-cache"] == "join"
            await first.aclose()
            model.gate.set()
            assert [chunk async for chunk in joined] == list(HELLO[1:])
        assert (await said(cache, model))[0] == "hit"
    assert (len(model.calls), model.closed) == (1, 1)


async def test_the_last_listener_takes_the_model_along() -> None:
    """The model is stopped when the last listener has left, and not before."""
    model = Model(*HELLO)
    model.gate = asyncio.Event()
    async with caching() as cache:
        handler = cache.around_inference(model.infer)
        listeners = [handler(a_call(options=COLD)) for _ in range(3)]
        for listener in listeners:
            await anext(listener)
        for left, listener in enumerate(listeners):
            assert model.closed == 0, left
            await listener.aclose()
        assert model.closed == 1


async def test_answers_are_kept_for_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chat is kept for `ttl`, or for as long as the request says if that is less."""
    lives: list[float] = []

    def noted(*given: Any) -> float:
        lives.append(keeping.lifetime(*given))
        return lives[-1]

    monkeypatch.setattr("plugins.cache.answers.lifetime", noted)
    async with caching(ttl=Duration(60)) as cache:
        for number, ttl in enumerate((None, 5, 3600)):
            message = Message(role="user", content=str(number))
            await said(cache, Model(*HELLO), messages=(message,), cache=Caching(ttl=ttl))
    assert lives == [60, 5, 60]


async def test_a_request_may_want_a_new_answer() -> None:
    """`no-cache` asks the model and keeps its answer; `no-store` asks and keeps nothing."""
    async with caching() as cache:
        await said(cache, Model(*HELLO))
        other = Model(Chunk(content="Bye", model="llama3.2"), HELLO[-1])
        past = connecting(cache_control="no-store")
        assert await said(cache, other, connection=past) == ("bypass", list(other.chunks))
        assert (await said(cache, other)) == ("hit", list(HELLO))
        anew = connecting(cache_control="no-cache")
        assert await said(cache, other, connection=anew) == ("bypass", list(other.chunks))
        assert await said(cache, Model()) == ("hit", list(other.chunks))


async def test_a_request_may_want_a_young_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """`max-age` takes what is no older, and the header `age` tells how old it is."""
    model = Model(*HELLO)
    async with caching() as cache:
        await said(cache, model)
        now = time.time() + 10.5
        for module in ("answers", "keeping"):
            monkeypatch.setattr(f"plugins.cache.{module}.time.time", lambda: now)
        assert (await said(cache, model, cache=Caching(max_age=10)))[0] == "miss"
        now += 5
        call = a_call(options=COLD, cache=Caching(max_age=10))
        await all_of(cache.around_inference(model.infer), call)
        assert call.headers["x-localai-cache"] == "hit"
        assert call.headers["age"] == "5"


async def test_what_was_said_about_an_answer_is_said_again() -> None:
    """Headers that came from further in come with each hit; the caller's own do not."""

    async def embedded(call: Any) -> Any:
        call.headers["x-localai-engine"] = "embedded"
        for chunk in HELLO:
            yield chunk

    async with caching() as cache:
        calls = [a_call(options=COLD, headers={"x-own": str(number)}) for number in range(2)]
        for call in calls:
            await all_of(cache.around_inference(embedded), call)
    assert calls[1].headers == {
        "x-own": "1",
        "x-localai-engine": "embedded",
        "x-localai-cache": "hit",
        "x-localai-cache-key": calls[0].headers["x-localai-cache-key"],
        "age": "0",
    }


async def test_what_was_kept_further_in_is_not_kept_twice() -> None:
    """An answer that another plugin gave from what it keeps stays that one's."""

    async def known(call: Any) -> Any:
        call.headers["x-localai-cache"] = "hit"
        for chunk in HELLO:
            yield chunk

    async with caching() as cache:
        for _ in range(2):
            call = a_call(options=COLD)
            await all_of(cache.around_inference(known), call)
            assert call.headers["x-localai-cache"] == "hit"
        assert (await said(cache, Model(*HELLO)))[0] == "miss"


async def test_another_version_of_a_model_is_asked_anew() -> None:
    """When a model's digest changes its answers go, and those of others stay."""
    router, model = Router(), Model(*HELLO)
    async with caching(router, digests_age=Duration(0)) as cache:
        await said(cache, model)
        await said(cache, model, model="qwen")
        router.installed[0]["digest"] = "cc" * 32
        assert (await said(cache, model))[0] == "miss"
        assert (await said(cache, model, model="qwen"))[0] == "hit"
        figures = cache._store.backend.figures
        await soon(lambda: figures()["entries"] == 2)


async def test_answers_are_given_while_nobody_lists_models() -> None:
    """What is kept is there also when Ollama is away."""
    router, model = Router(), Model(*HELLO)
    async with caching(router, digests_age=Duration(0)) as cache:
        await said(cache, model)

        async def away() -> Any:
            raise UpstreamFailed("away")

        router.identities = away  # type: ignore[method-assign]
        assert (await said(cache, model))[0] == "hit"


async def test_statistics_tell_what_was_saved() -> None:
    """Hits count with the time and the tokens that they took the first time."""
    model = Model(*HELLO[:2], HELLO[-1].replace(total_duration=3_000_000_000))
    async with caching(watts=360.0) as cache:
        for options in (COLD, COLD, COLD, Options()):
            await said(cache, model, options=options)
        report = cache._statistics.report()["chat"]
    assert (report["hits"], report["misses"], report["bypasses"], report["stored"]) == (2, 1, 1, 1)
    assert (report["saved_seconds"], report["saved_tokens"]) == (6.0, 14)
    assert report["saved_wh"] == pytest.approx(0.6)
