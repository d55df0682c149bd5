"""The cache of exact repetitions."""

import itertools
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.api.answer import collect
from localai import (
    Call,
    Chunk,
    Duration,
    Function,
    GatewayError,
    Message,
    Options,
    Principal,
    Size,
    ToolCall,
)
from plugins.cache import memory
from plugins.cache.exact import ExactCache, key_of
from tests.plugins.cache.calls import IRRELEVANT, MATTERS, MESSAGES, OPTIONS
from tests.plugins.support import (
    ENDLESS,
    HELLO,
    Model,
    a_call,
    all_of,
    asking,
    leaves,
    serving,
)

COLD = Options(temperature=0.0)
WHOLE = (HELLO[-1].replace(content="Hello"),)
FORMS = list(itertools.product((True, False), ("openai", "ollama")))


@pytest.fixture
def model() -> Model:
    """A model that says hello."""
    return Model(*HELLO)


@pytest.fixture
def cache() -> ExactCache:
    """A cache with its default settings."""
    return ExactCache(ExactCache.Config())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """The cache's clock; `now` may be set."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(memory, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


async def said(cache: ExactCache, model: Model, **changes: Any) -> tuple[str, list[Chunk]]:
    """Ask through the cache; return what its header says, and the chunks."""
    call = a_call(**({"options": COLD} | changes))
    chunks = await all_of(cache.around_inference(model.infer), call)
    return call.headers["x-localai-cache"], chunks


@pytest.mark.parametrize(("stored", "asked"), [*itertools.product(FORMS, FORMS)])
async def test_an_answer_is_replayed_whatever_form_it_had(
    cache: ExactCache, stored: tuple[bool, str], asked: tuple[bool, str]
) -> None:
    """A hit has the very chunks that were stored, whoever asked for them in which form."""
    model = Model(*(HELLO if stored[0] else WHOLE))
    first = await said(cache, model, stream=stored[0], dialect=stored[1])
    again = await said(cache, model, stream=asked[0], dialect=asked[1], request_id="another")
    assert first == ("miss", list(model.chunks))
    assert again == ("hit", list(model.chunks))
    assert len(model.calls) == 1


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            Chunk,
            content=st.text(),
            thinking=st.text(),
            tool_calls=st.lists(
                st.builds(
                    ToolCall,
                    id=st.text(),
                    function=st.builds(
                        Function,
                        name=st.text(),
                        arguments=st.dictionaries(st.text(), st.integers(0, 9) | st.text()),
                    ),
                ),
                max_size=2,
            ).map(tuple),
            embeddings=st.lists(st.lists(st.floats(allow_nan=False)).map(tuple), max_size=2).map(
                tuple
            ),
            model=st.text(),
            created_at=st.text(),
        ),
        max_size=4,
    )
)
async def test_every_chunk_comes_out_as_it_went_in(before: list[Chunk]) -> None:
    """Whatever a model says, tool calls and vectors too, is replayed to the last bit."""
    cache = ExactCache(ExactCache.Config())
    model = Model(*before, HELLO[-1])
    await said(cache, model)
    assert await said(cache, model) == ("hit", [*before, HELLO[-1]])


async def test_all_endpoints_answer_from_the_same_entry(tmp_path: Path) -> None:
    """Over HTTP the second answer is a hit with the same text, streamed or not, in both APIs."""
    body = asking("What is this?", options={"temperature": 0}, temperature=0)
    async with serving(tmp_path, "cache") as (_, client):
        first = await client.post("/api/chat", json=body)
        assert first.headers["x-localai-cache"] == "miss"
        text = first.json()["message"]["content"]
        openai = await client.post("/v1/chat/completions", json=body)
        assert openai.json()["choices"][0]["message"]["content"] == text
        streams = [
            await client.post(path, json=body | {"stream": True})
            for path in ("/api/chat", "/v1/chat/completions")
        ]
    assert all(answer.headers["x-localai-cache"] == "hit" for answer in (openai, *streams))
    assert all(answer.status_code == 200 for answer in streams)
    assert streams[1].text.endswith("data: [DONE]\n\n")


async def test_an_answer_that_the_caller_cut_is_not_stored(cache: ExactCache, model: Model) -> None:
    """Whoever leaves before the last chunk leaves nothing behind, and the model is stopped."""
    for taken in (1, 2):
        async with aclosing(cache.around_inference(model.infer)(a_call(options=COLD))) as chunks:
            for _ in range(taken):
                await anext(chunks)
    assert model.closed == 2
    assert (await said(cache, model))[0] == "miss"


async def test_an_answer_that_failed_is_not_stored(cache: ExactCache) -> None:
    """A failure reaches the caller, and the next one asks the model again."""
    model = Model(*HELLO[:2], failure=GatewayError("broken"))
    for _ in range(2):
        with pytest.raises(GatewayError):
            await said(cache, model)
    assert len(model.calls) == 2


async def test_an_answer_without_an_end_is_not_stored(cache: ExactCache) -> None:
    """Chunks without a last one are passed on and forgotten."""
    model = Model(*HELLO[:2])
    assert await said(cache, model) == ("miss", list(HELLO[:2]))
    assert (await said(cache, model))[0] == "miss"


async def test_an_answer_that_is_too_long_is_not_stored() -> None:
    """What is above `max_answer` is passed on whole and forgotten, long pieces and many."""
    cache = ExactCache(ExactCache.Config(max_answer=Size(500)))
    for pieces in (["x" * 501], ["x" * 50] * 11, ["é" * 300]):
        model = Model(*(Chunk(content=piece) for piece in pieces), HELLO[-1])
        _, chunks = await said(cache, model)
        assert chunks == list(model.chunks)
        assert (await said(cache, model))[0] == "miss"
    assert (await said(cache, Model(Chunk(content="x" * 50), HELLO[-1])))[0] == "miss"
    assert (await said(cache, model))[0] == "hit"


async def test_nothing_crosses_tenants(cache: ExactCache, model: Model) -> None:
    """Callers of one tenant share answers; those of another one never see them."""
    ann, bob = Principal(id="ann", tenant="one"), Principal(id="bob", tenant="one")
    eve = Principal(id="ann", tenant="two", scopes=frozenset({"*"}))
    answers = [await said(cache, model, principal=caller) for caller in (ann, bob, eve, eve)]
    assert [how for how, _ in answers] == ["miss", "hit", "miss", "hit"]


@pytest.mark.parametrize(
    ("changes", "how"),
    [
        ({"options": Options()}, "bypass"),
        ({"options": Options(temperature=0.7)}, "bypass"),
        ({"options": Options(temperature=0.7, seed=1)}, "hit"),
        ({"options": Options(seed=0)}, "hit"),
        ({"options": COLD}, "hit"),
        ({"options": COLD, "messages": ()}, "bypass"),
        ({"kind": "generate", "prompt": "x", "messages": (), "options": COLD}, "hit"),
        ({"kind": "generate", "messages": (), "options": COLD}, "bypass"),
        ({"kind": "embed", "inputs": ("x",), "messages": (), "options": Options()}, "hit"),
    ],
)
async def test_only_what_would_come_out_the_same_is_cached(
    cache: ExactCache, model: Model, changes: dict[str, Any], how: str
) -> None:
    """Chance and mere loading go past the cache; seeds, temperature 0 and embeddings do not."""
    first, chunks = await said(cache, model, **changes)
    assert first == ("bypass" if how == "bypass" else "miss")
    assert await said(cache, model, **changes) == (how, chunks)
    assert len(model.calls) == (2 if how == "bypass" else 1)


async def test_answers_are_kept_for_their_time(
    cache: ExactCache, model: Model, clock: SimpleNamespace
) -> None:
    """A chat is kept for `ttl`, an embedding for `embeddings_ttl`."""
    cache = ExactCache(ExactCache.Config(ttl=Duration(60), embeddings_ttl=Duration(90)))
    embedding: dict[str, Any] = {"kind": "embed", "inputs": ("x",), "messages": ()}

    async def at(now: float) -> tuple[str, str]:
        clock.now = now
        return (await said(cache, model))[0], (await said(cache, model, **embedding))[0]

    assert await at(0) == ("miss", "miss")
    assert await at(59.9) == ("hit", "hit")
    assert await at(60) == ("miss", "hit")
    assert await at(90) == ("hit", "miss")


@pytest.mark.parametrize("garbage", [b"", b"\x01", b"\x00\x90", b"\x01\xff\xff", b"\x01\x93\x01"])
async def test_an_entry_that_cannot_be_read_is_a_miss(
    cache: ExactCache, model: Model, garbage: bytes
) -> None:
    """What another version wrote, or nobody, is deleted and asked for again."""
    key = key_of(a_call(options=COLD))
    await cache._memory.set(key, garbage)
    assert await cache._look_up(key) is None
    assert not await cache._memory.exists(key)
    await cache._memory.set(key, garbage)
    assert (await said(cache, model))[0] == "miss"
    assert (await said(cache, model))[0] == "hit"


async def test_it_reports_how_it_does(model: Model) -> None:
    """Health has the hits, misses, evictions and what the entries take."""
    cache = ExactCache(ExactCache.Config(max_entries=1))
    for text in ("a", "a", "b"):
        await said(cache, model, messages=(Message(role="user", content=text),))
    report = await cache.health()
    taken = report.pop("bytes")
    assert report == {"entries": 1, "hits": 1, "misses": 2, "evictions": 1}
    assert taken == cache._memory.bytes > 0


async def test_a_caller_that_leaves_over_http_leaves_nothing(tmp_path: Path) -> None:
    """A broken connection stores no answer."""
    async with serving(tmp_path, "cache endless", ENDLESS) as (router, client):
        await leaves(client, router, options={"temperature": 0})
        report = (await client.get("/health")).json()
    (cache,) = (each["report"] for each in report["plugins"] if each["name"] == "cache.exact")
    assert (cache["entries"], cache["misses"]) == (0, 1)


def test_every_field_of_a_call_is_judged() -> None:
    """Each field of a call, of its options and of its messages is in the tests below."""
    assert {*MATTERS, *IRRELEVANT} == set(Call.__struct_fields__)
    assert not {*MATTERS} & {*IRRELEVANT}
    assert {*OPTIONS} == set(Options.__struct_fields__)
    assert {*MESSAGES} == set(Message.__struct_fields__)


@pytest.mark.parametrize("name", [*MATTERS])
@settings(deadline=None, max_examples=20)
@given(st.builds(a_call, **MATTERS), st.data())
def test_what_changes_the_answer_changes_the_key(
    name: str, call: Call, data: st.DataObject
) -> None:
    """Two calls that differ in one field that a model sees never share an answer."""
    value = data.draw(MATTERS[name])
    assume(value != getattr(call, name))
    assert key_of(call) != key_of(call.replace(**{name: value}))


@pytest.mark.parametrize("name", [*OPTIONS])
@settings(deadline=None, max_examples=20)
@given(st.fixed_dictionaries(OPTIONS), st.data())
def test_every_option_changes_the_key(
    name: str, values: dict[str, Any], data: st.DataObject
) -> None:
    """Each single option makes another key, and one that is absent differs from every value."""
    value = data.draw(OPTIONS[name])
    assume(value != values[name])
    one, other = Options(**values), Options(**(values | {name: value}))
    assert key_of(a_call(options=one)) != key_of(a_call(options=other))


@pytest.mark.parametrize("name", [*MESSAGES])
@settings(deadline=None, max_examples=20)
@given(st.builds(Message, **MESSAGES), st.data())
def test_every_part_of_a_message_changes_the_key(
    name: str, message: Message, data: st.DataObject
) -> None:
    """Role, text, images and tool calls of a message each make another key."""
    value = data.draw(MESSAGES[name])
    assume(value != getattr(message, name))
    changed = message.replace(**{name: value})
    assert key_of(a_call(messages=(message,))) != key_of(a_call(messages=(changed,)))


@pytest.mark.parametrize("name", [*IRRELEVANT])
@settings(deadline=None, max_examples=20)
@given(st.builds(a_call, **MATTERS), st.data())
def test_what_does_not_change_the_answer_keeps_the_key(
    name: str, call: Call, data: st.DataObject
) -> None:
    """Who asks within a tenant, in which form, and how long the model stays make no other key."""
    changed = call.replace(**{name: data.draw(IRRELEVANT[name])})
    assert key_of(call) == key_of(changed)


def test_names_of_one_model_share_a_key() -> None:
    """A name with and without `:latest`, in capitals or not, is the same model."""
    names = ("llama3.2", "llama3.2:latest", "LLama3.2", "llama3.2:Latest")
    assert len({key_of(a_call(model=name)) for name in names}) == 1


def test_the_order_of_a_schema_changes_the_key() -> None:
    """An answer has its properties in the order of the schema's, so that order is kept."""
    one, two = {"type": "string"}, {"type": "integer"}
    schemas = [{"a": one, "b": two}, {"b": two, "a": one}]
    keys = {key_of(a_call(format={"properties": schema})) for schema in schemas}
    assert len(keys) == 2


async def test_a_stored_stream_reads_as_one_answer(cache: ExactCache, model: Model) -> None:
    """A stream that is replayed to somebody who wants no stream joins to its whole text."""
    await said(cache, model)
    handler = cache.around_inference(model.infer)
    whole = await collect(handler(a_call(options=COLD, stream=False)))
    assert (whole.content, whole.eval_count, whole.done) == ("Hello", 2, True)
