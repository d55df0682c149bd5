"""Embeddings that are kept text by text."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localai import Call, Chunk, Chunks, Principal, UpstreamInvalid
from plugins.cache.exact import ExactCache
from tests.plugins.cache.support import caching, soon
from tests.plugins.support import a_call, all_of, connecting


class Embedder:
    """Embeds a text as its length and its first character; counts a token for each character."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.gate: asyncio.Event | None = None

    async def infer(self, call: Call) -> Chunks:
        """Embed all texts of a call."""
        self.calls.append(call)
        if self.gate is not None:
            await self.gate.wait()
        yield Chunk(
            embeddings=tuple(vector_of(text) for text in call.inputs),
            model="embed",
            done=True,
            total_duration=1_000_000 * len(call.inputs),
            load_duration=7,
            prompt_eval_count=sum(len(text) for text in call.inputs),
        )

    @property
    def asked(self) -> list[tuple[str, ...]]:
        """The texts of each call."""
        return [call.inputs for call in self.calls]


def vector_of(text: str) -> tuple[float, ...]:
    """Return a text's embedding."""
    return (float(len(text)), float(ord(text[0])) if text else 0.0, 0.1)


async def embed(
    cache: ExactCache, embedder: Any, *texts: str, **changes: Any
) -> tuple[str, Chunk, dict[str, str]]:
    """Embed through the cache; return its header, the answer, and all headers."""
    call = a_call(kind="embed", messages=(), inputs=texts, stream=False, **changes)
    (answer,) = await all_of(cache.around_inference(embedder.infer), call)
    return call.headers["x-localai-cache"], answer, call.headers


async def test_only_unknown_texts_are_asked_for() -> None:
    """Of 100 texts with 90 known ones the model gets the 10, and all come in their order."""
    model = Embedder()
    known = [f"known {number}" for number in range(90)]
    fresh = [f"new {number}" for number in range(10)]
    texts = [*known[:45], *fresh[:5], *known[45:], *fresh[5:]]
    async with caching() as cache:
        await embed(cache, model, *known)
        how, answer, _ = await embed(cache, model, *texts)
        assert how == "miss"
        assert answer.embeddings == tuple(vector_of(text) for text in texts)
        assert model.asked == [tuple(known), tuple(fresh)]
        how, again, headers = await embed(cache, model, *reversed(texts))
        assert (how, headers["age"]) == ("hit", "0")
        assert again.embeddings == tuple(vector_of(text) for text in reversed(texts))
    assert len(model.calls) == 2


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(st.text(max_size=4), min_size=1, max_size=8), max_size=6))
async def test_batches_are_answered_as_if_nothing_was_kept(batches: list[list[str]]) -> None:
    """Whatever was asked before, each batch has the vectors and the model that it would have."""
    model = Embedder()
    seen: set[str] = set()
    async with caching() as cache:
        for batch in batches:
            how, answer, _ = await embed(cache, model, *batch)
            assert answer.embeddings == tuple(vector_of(text) for text in batch)
            assert (answer.model, answer.done) == ("embed", True)
            assert how == ("hit" if seen >= set(batch) else "miss")
            seen |= set(batch)
    asked = [text for call in model.asked for text in call]
    assert sorted(asked) == sorted(seen)


async def test_a_text_that_comes_twice_is_asked_for_once() -> None:
    """Repetitions within a batch are one question and several answers."""
    model = Embedder()
    async with caching() as cache:
        _, answer, _ = await embed(cache, model, "a", "b", "a")
    assert model.asked == [("a", "b")]
    assert answer.embeddings == (vector_of("a"), vector_of("b"), vector_of("a"))


async def test_counts_add_up() -> None:
    """A batch that is known as a whole tells the tokens that it took at first."""
    model = Embedder()
    texts = ["one", "two words", "three words long"]
    async with caching() as cache:
        _, first, _ = await embed(cache, model, *texts)
        _, again, _ = await embed(cache, model, *texts)
    assert first.prompt_eval_count == again.prompt_eval_count == sum(map(len, texts))
    assert first.total_duration == again.total_duration == 3_000_000
    assert (first.load_duration, again.load_duration) == (7, 0)


async def test_the_same_batch_at_once_is_asked_for_once() -> None:
    """Who asks for the same unknown texts joins, and each gets its own order."""
    model = Embedder()
    model.gate = asyncio.Event()
    async with caching() as cache:
        tasks = [asyncio.create_task(embed(cache, model, "a", "b")) for _ in range(3)]
        await soon(lambda: cache._runs)
        for _ in range(10):
            await asyncio.sleep(0)
        model.gate.set()
        answers = await asyncio.gather(*tasks)
    assert [how for how, _, _ in answers] == ["miss", "join", "join"]
    assert {answer.embeddings for _, answer, _ in answers} == {(vector_of("a"), vector_of("b"))}
    assert model.asked == [("a", "b")]


async def test_nothing_crosses_tenants() -> None:
    """A text that one tenant has embedded is unknown to another one."""
    model = Embedder()
    async with caching() as cache:
        for tenant in ("one", "two", "one"):
            await embed(cache, model, "a", principal=Principal(id="x", tenant=tenant))
    assert len(model.calls) == 2


async def test_other_dimensions_are_another_embedding() -> None:
    """What changes a vector is part of its key; how it is encoded is not."""
    model = Embedder()
    async with caching() as cache:
        await embed(cache, model, "a")
        assert (await embed(cache, model, "a", dimensions=2))[0] == "miss"
        assert (await embed(cache, model, "a", model="other"))[0] == "miss"
        assert (await embed(cache, model, "a", dialect="openai"))[0] == "hit"


async def test_new_vectors_may_be_wanted() -> None:
    """`no-cache` embeds all texts anew, `no-store` keeps none of them."""
    model = Embedder()
    async with caching() as cache:
        past = connecting(cache_control="no-store")
        assert (await embed(cache, model, "a", connection=past))[0] == "bypass"
        assert (await embed(cache, model, "a"))[0] == "miss"
        anew = connecting(cache_control="no-cache")
        assert (await embed(cache, model, "a", connection=anew))[0] == "bypass"
    assert len(model.calls) == 3


@pytest.mark.parametrize("vectors", [(), ((1.0,),), ((1.0,),) * 3])
async def test_an_answer_with_other_texts_is_refused(
    vectors: tuple[tuple[float, ...], ...],
) -> None:
    """As many vectors come as were asked for, or it is a failure, and nothing is kept."""

    class Wrong:
        async def infer(self, call: Call) -> Chunks:
            yield Chunk(embeddings=vectors, done=True)

    async with caching() as cache:
        with pytest.raises(UpstreamInvalid):
            await embed(cache, Wrong(), "a", "b")
        assert cache._store.backend.figures()["entries"] == 0


async def test_nothing_to_embed_goes_past_the_cache() -> None:
    """A call without texts only loads its model, and is passed on."""
    model = Embedder()
    async with caching() as cache:
        assert (await embed(cache, model))[0] == "bypass"


async def test_statistics_count_texts() -> None:
    """Each text counts: known, unknown and kept, with its share of time and tokens."""
    model = Embedder()
    async with caching() as cache:
        await embed(cache, model, "aa", "bb")
        await embed(cache, model, "aa", "cc")
        report = cache._statistics.report()["embed"]
    assert (report["hits"], report["misses"], report["stored"]) == (1, 3, 3)
    assert (report["saved_seconds"], report["saved_tokens"]) == (0.001, 2)
