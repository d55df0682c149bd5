"""Similar questions get the kept answer, and nothing else does."""

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from localai import (
    Caching,
    Call,
    Chunk,
    Chunks,
    Duration,
    Message,
    Options,
    Principal,
    UpstreamUnreachable,
)
from plugins.cache import stores
from plugins.cache.memory import BoundedMemory
from plugins.cache.stores import keeping_of
from tests.plugins.cache.semantic.support import Comparing, asking, comparing
from tests.plugins.support import HELLO, Model, all_of

NEAR = {"Why is it so?": (1.0, 0.0), "Why is it?": (0.95, 0.3122499), "Where is it?": (0.0, 1.0)}
"""The first two are 0.95 alike, the third is like neither."""
SYSTEM = Message(role="system", content="Be brief.")


def semantic_keys(both: Comparing) -> list[str]:
    """Return the keys of what is kept for similar questions."""
    keeping = keeping_of(both.router.gateway)
    assert keeping is not None
    assert isinstance(keeping.store.backend, BoundedMemory)
    return [key for key in keeping.store.backend._keys if key.startswith("semantic:")]


async def test_a_similar_question_gets_the_answer_without_the_model() -> None:
    """The second one is a hit, in the first one's words; one that is not similar is a miss."""
    async with comparing(Model(*HELLO), NEAR) as both:
        assert await both.ask("Why is it so?") == ("miss", "Hello")
        assert await both.ask("Why is it?") == ("hit", "Hello")
        assert await both.ask("Where is it?") == ("miss", "Hello")
        assert len(both.model.calls) == 2
        report = await both.semantic.health()
    assert (report["hits"], report["misses"]) == (1, 2)
    assert (report["questions"], report["partitions"]) == (2, 1)


async def test_a_hit_tells_its_age_and_no_score() -> None:
    """The headers are those of any kept answer; the key is that of the one which is given."""
    async with comparing(Model(*HELLO), NEAR) as both:
        await both.ask("Why is it so?")
        call = asking("Why is it?")
        assert both.router.handler is not None
        await all_of(both.router.handler, call)
        (key,) = semantic_keys(both)
    assert call.headers == {"x-localai-cache": "hit", "age": "0", "x-localai-cache-key": key}


async def test_a_hit_comes_in_the_form_that_is_asked_for() -> None:
    """A plain answer is given as a stream, with its end, and with counts as they were."""
    whole = Chunk(
        content="Hello", done=True, done_reason="stop", model="llama3.2", prompt_eval_count=5
    )
    async with comparing(Model(whole), NEAR) as both:
        await both.ask("Why is it so?", stream=False)
        assert both.router.handler is not None
        chunks = await all_of(both.router.handler, asking("Why is it?", stream=True))
    assert [(chunk.content, chunk.done) for chunk in chunks] == [("Hello", False), ("", True)]
    assert chunks[-1].prompt_eval_count == 5


@pytest.mark.parametrize(
    ("threshold", "status"),
    [(0.9, "hit"), (0.95, "hit"), (0.9501, "miss"), (1.0, "miss"), (0.0, "hit")],
)
async def test_the_threshold_is_the_least_similarity(threshold: float, status: str) -> None:
    """As similar as the file says is similar enough, and anything less is not."""
    async with comparing(Model(*HELLO), NEAR, threshold=threshold) as both:
        await both.ask("Why is it so?")
        assert (await both.ask("Why is it?"))[0] == status


@settings(max_examples=25, deadline=None)
@given(st.floats(-1, 1), st.floats(0.01, 1))
async def test_no_answer_comes_from_below_the_threshold(angle: float, threshold: float) -> None:
    """For any two vectors and any threshold, it is the cosine that decides."""
    vectors = {"one?": (1.0, 0.0), "two?": (angle, (1 - angle * angle) ** 0.5)}
    async with comparing(Model(*HELLO), vectors, threshold=threshold) as both:
        await both.ask("one?")
        status, _ = await both.ask("two?")
    if abs(angle - threshold) > 1e-5:
        assert status == ("hit" if angle > threshold else "miss")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"tenant": "lab"}, {"tenant": "office"}),
        ({}, {"model": "qwen"}),
        ({}, {"before": (SYSTEM,)}),
        ({"before": (SYSTEM,)}, {"before": (SYSTEM.replace(content="Be long."),)}),
        ({}, {"before": (SYSTEM.replace(role="user"), SYSTEM.replace(role="assistant"))}),
        ({}, {"tools": ({"type": "function", "function": {"name": "clock"}},)}),
        ({}, {"format": "json"}),
        ({}, {"think": True}),
        ({}, {"options": Options(temperature=0.0, num_predict=5)}),
    ],
    ids="tenant model system other-system turns tools format think options".split(),  # noqa: SIM905
)
@pytest.mark.parametrize("text", ["Why is it so?", "Why is it?"])
async def test_nothing_is_shared_beyond_the_text(
    first: dict[str, Any], second: dict[str, Any], text: str
) -> None:
    """Another tenant, model, context, tool, form or option asks the model, the same text too."""
    async with comparing(Model(*HELLO), NEAR) as both:
        await both.ask("Why is it so?", **first)
        assert await both.ask(text, **second) == ("miss", "Hello")
        assert len(both.model.calls) == 2


async def test_tenants_do_not_even_share_vectors() -> None:
    """A text that one tenant has asked is embedded again for another, so no time tells of it."""
    async with comparing(Model(*HELLO), NEAR) as both:
        for tenant in ("lab", "lab", "office"):
            await both.ask("Why is it so?", tenant=tenant)
        tenants = [call.principal.tenant for call in both.embedding.calls]
    assert tenants == ["lab", "office"]


@pytest.mark.parametrize(
    ("partition", "statuses"),
    [("tenant", ["hit", "hit"]), ("user", ["hit", "miss"]), ("key", ["miss", "miss"])],
)
async def test_the_partition_is_that_of_the_exact_cache(
    partition: str, statuses: list[str]
) -> None:
    """Whoever shares exact answers shares similar ones: a tenant, a user, or one key."""
    keys = [
        Principal(id="key:1", user="anna"),
        Principal(id="key:2", user="anna"),
        Principal(id="key:3", user="bert"),
    ]
    async with comparing(Model(*HELLO), NEAR, exact={"partition": partition}) as both:
        await both.ask("Why is it so?", principal=keys[0])
        found = [(await both.ask("Why is it?", principal=key))[0] for key in keys[1:2]]
        found.append((await both.ask("Why is it?", principal=keys[2]))[0])
    # With tenants, the second one's answer is not kept again: it was a hit.
    assert found == statuses


@pytest.mark.parametrize(
    "changes",
    [
        {"options": Options(temperature=0.7)},
        {"options": Options()},
        {"cache": Caching(no_cache=True)},
        {"cache": Caching(no_store=True)},
        {"cache": Caching(max_age=0)},
        {"messages": (Message(role="user", content="Why is it?", images=("aa",)),)},
    ],
    ids=["sampled", "default", "no-cache", "no-store", "max-age", "image"],
)
async def test_a_request_that_wants_the_model_gets_it(
    changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sampling, images, and what `Cache-Control` or the body rule out ask the model."""
    async with comparing(Model(*HELLO), NEAR) as both:
        await both.ask("Why is it so?")
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + 5)
        assert (await both.ask("Why is it?", **changes))[0] in ("miss", "bypass")
        assert len(both.model.calls) == 2


@pytest.mark.parametrize(
    "changes",
    [{"options": Options(temperature=0.7)}, {"cache": Caching(no_store=True)}],
    ids=["sampled", "no-store"],
)
async def test_what_is_not_to_be_kept_is_not_kept(changes: dict[str, Any]) -> None:
    """Such a request is not even embedded."""
    async with comparing(Model(*HELLO), NEAR) as both:
        await both.ask("Why is it so?", **changes)
        assert both.embedding.calls == []
        assert semantic_keys(both) == []


@pytest.mark.parametrize("text", ["short", "x" * 31])
async def test_very_short_and_long_questions_are_not_compared(text: str) -> None:
    """Only those of the lengths in the file are."""
    async with comparing(Model(*HELLO), min_characters=6, max_characters=30) as both:
        await both.ask(text)
        assert both.embedding.calls == []
        await both.ask(text + "." if len(text) < 6 else text[:30])
        assert len(both.embedding.calls) == 1


@pytest.mark.parametrize(
    "chunks",
    [
        (Chunk(content="Hel"),),
        (Chunk(content="Hel"), Chunk(done=True, done_reason="load")),
        (Chunk(content="x" * 2_000), Chunk(done=True, done_reason="stop")),
    ],
    ids=["cut", "for another reason", "too long"],
)
async def test_only_answers_that_ended_well_are_kept(chunks: tuple[Chunk, ...]) -> None:
    """Not one that was cut, ended for another reason, or is too long."""
    async with comparing(Model(*chunks), NEAR, max_answer=1_000) as both:
        await both.ask("Why is it so?")
        assert semantic_keys(both) == []
        assert (await both.ask("Why is it?"))[0] == "miss"


async def test_an_answer_that_fails_is_not_kept() -> None:
    """Neither that, nor the question."""
    model = Model(Chunk(content="Hel"), failure=UpstreamUnreachable("gone", retry_after=1))
    async with comparing(model, NEAR) as both:
        with pytest.raises(UpstreamUnreachable):
            await both.ask("Why is it so?")
        assert semantic_keys(both) == []


async def test_a_hit_is_not_kept_again() -> None:
    """Else a chain of similar questions would lead away from the first one."""
    async with comparing(Model(*HELLO), NEAR) as both:
        await both.ask("Why is it so?")
        await both.ask("Why is it?")
        assert len(semantic_keys(both)) == 1
        await both.ask("Why is it?")
        report = await both.semantic.health()
    assert report["hits"] == 2


async def test_a_failing_model_of_vectors_is_a_miss() -> None:
    """The model answers, and the exact cache goes on."""
    async with comparing(Model(*HELLO), NEAR) as both:
        both.embedding.failure = UpstreamUnreachable("gone", retry_after=1)
        assert await both.ask("Why is it so?") == ("miss", "Hello")
        assert await both.ask("Why is it so?") == ("hit", "Hello")
        assert (await both.semantic.health())["not_compared"] == 1
        both.embedding.failure = None
        assert await both.ask("Why is it?") == ("miss", "Hello")


async def test_an_answer_that_is_gone_is_forgotten() -> None:
    """What was removed from the store is a miss, and leaves the index."""
    async with comparing(Model(*HELLO), NEAR) as both:
        await both.ask("Why is it so?")
        keeping = keeping_of(both.router.gateway)
        assert keeping is not None
        for key in semantic_keys(both):
            await keeping.store.backend.delete(key)
        assert (await both.ask("Why is it?"))[0] == "miss"
        assert (await both.semantic.health())["questions"] == 1


async def test_an_answer_with_another_vector_is_not_believed() -> None:
    """What is kept under the key must itself be similar, and of the same group."""
    async with comparing(Model(*HELLO), NEAR) as both:
        await both.ask("Where is it?")
        await both.ask("Why is it so?")
        keeping = keeping_of(both.router.gateway)
        assert keeping is not None
        where, why = semantic_keys(both)
        planted = await keeping.store.get(where)
        assert planted is not None
        await keeping.store.put(replace(planted, head=replace(planted.head, key=why)), 60)
        assert (await both.ask("Why is it?"))[0] == "miss"


async def test_the_same_words_in_another_order_are_another_question() -> None:
    """Even if the model of vectors sees no difference, unless the file lets that pass."""
    one, other = "Does the cat chase the dog?", "Does the dog chase the cat?"
    for equal, status in ((("order",), "miss"), ((), "hit")):
        async with comparing(Model(*HELLO), equal=equal) as both:
            await both.ask(one)
            assert (await both.ask(other))[0] == status


async def test_other_numbers_are_another_question() -> None:
    """Whatever their vectors, unless the file lets that pass."""
    for equal, status in ((("numbers",), "miss"), ((), "hit")):
        async with comparing(Model(*HELLO), equal=equal) as both:
            await both.ask("How much is 2 and 3?")
            assert (await both.ask("How much is 2 and 4?"))[0] == status


async def test_it_is_as_if_it_were_not_there_without_the_exact_cache() -> None:
    """With nowhere to keep answers, each call goes on to the model."""
    async with comparing(Model(*HELLO), NEAR) as both:
        await both.ask("Why is it so?")
        handler = both.semantic.around_inference(both.infer)
        keeping = keeping_of(both.router.gateway)
        assert keeping is not None
        stores.withdraw(both.router.gateway, keeping)
        call = asking("Why is it?")
        assert await all_of(handler, call) == list(HELLO)
        assert call.headers == {}


async def test_hits_are_counted_as_such() -> None:
    """The family's statistics have them by their own name, with what they saved."""
    last = HELLO[-1].replace(total_duration=2_000_000_000)
    async with comparing(Model(*HELLO[:-1], last), NEAR) as both:
        await both.ask("Why is it so?")
        await both.ask("Why is it?")
        keeping = keeping_of(both.router.gateway)
        assert keeping is not None
        report = keeping.statistics.report()["semantic"]
    assert (report["hits"], report["misses"], report["stored"]) == (1, 1, 1)
    assert report["saved_seconds"] == 2.0


@pytest.mark.parametrize("allowed", [True, False])
async def test_an_old_answer_to_a_similar_question_is_better_than_none(
    monkeypatch: pytest.MonkeyPatch, allowed: bool
) -> None:
    """If the file allows it, and the model fails; while the model answers, it is asked."""
    more: dict[str, Any] = {"ttl": Duration(60), "stale_if_error": Duration(3600 if allowed else 0)}
    async with comparing(Model(*HELLO), NEAR, **more) as both:
        await both.ask("Why is it so?")
        now = time.time() + 100
        for module in ("answers", "keeping", "semantic.similar"):
            monkeypatch.setattr(f"plugins.cache.{module}.time.time", lambda: now)
        both.model.failure = UpstreamUnreachable("away")
        both.model.chunks = ()
        if allowed:
            assert await both.ask("Why is it?") == ("stale", "Hello")
            report = keeping_of(both.router.gateway)
            assert report is not None
            assert report.statistics.report()["semantic"]["hits"] == 1
        else:
            with pytest.raises(UpstreamUnreachable):
                await both.ask("Why is it?")
        with pytest.raises(UpstreamUnreachable):
            await both.ask("Where is it?")
        both.model.failure, both.model.chunks = None, HELLO
        assert await both.ask("Why is it?") == ("miss", "Hello")


async def test_another_models_answer_is_not_kept_for_similar_questions() -> None:
    """What a fallback has said is not given as the wanted model's."""

    class Other(Model):
        async def infer(self, call: Call) -> Chunks:
            call.headers["x-localai-fallback"] = "tiny; cause=busy"
            async for chunk in super().infer(call):
                yield chunk

    async with comparing(Other(*HELLO), NEAR) as both:
        await both.ask("Why is it so?")
        assert semantic_keys(both) == []
