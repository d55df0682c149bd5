"""Answers in spite of failures."""

from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any, get_args

import pytest
from structlog.testing import capture_logs

from localai import (
    Call,
    Chunk,
    Chunks,
    ContextTooLong,
    GatewayError,
    Handler,
    InvalidRequest,
    ModelNotFound,
    Principal,
    RateLimited,
    Unavailable,
    UpstreamBusy,
    UpstreamFailed,
    UpstreamInvalid,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from plugins.routing.fallback.causes import Cause
from plugins.routing.fallback.chains import Chain
from plugins.routing.fallback.plugin import MOST_HELD, Fallback
from tests.pace import within_async
from tests.plugins.support import HELLO, Model, a_call, all_of, asking, connecting, serving

WANTED, OTHER = "llama3.2", "tiny"
MODEL, FALLBACK = "x-localai-model", "x-localai-fallback"
EMPTY = Chunk(model=WANTED)


class Ollama(Model):
    """Has models that fail as they are told to, once for each failure; then they answer."""

    def __init__(self, **failures: list[Exception]) -> None:
        super().__init__(*HELLO)
        self.failures = failures
        self.before: tuple[Chunk, ...] = ()
        """What is said before a failure."""

    async def infer(self, call: Call) -> Chunks:
        """Answer a call."""
        self.calls.append(call)
        left = self.failures.get(call.model.replace(".", "_"), [])
        for chunk in self.before if left else HELLO:
            yield chunk
        if left:
            raise left.pop(0)

    @property
    def asked(self) -> list[str]:
        """The models that were asked, in order."""
        return [call.model for call in self.calls]


def failing(*failures: Exception, **others: list[Exception]) -> Ollama:
    """Return an Ollama whose wanted model fails so, once for each failure."""
    return Ollama(llama3_2=list(failures), **others)


def plugin(**settings: Any) -> Fallback:
    """Return the plugin, with waits that take no time."""
    return Fallback(Fallback.Config(**{"backoff": 0.0, **settings}))


def handler(ollama: Model, **settings: Any) -> Handler:
    """Return Ollama behind the plugin."""
    return plugin(**settings).around_inference(ollama.infer)


def figures(fallback: Fallback) -> dict[str, dict[tuple[str, ...], float]]:
    """Return what the plugin has counted."""
    return {each.name: dict(each.values) for each in fallback.measures()}


CRASH: list[Callable[[], GatewayError]] = [
    lambda: UpstreamFailed("crashed"),
    lambda: UpstreamInvalid("cut"),
    lambda: UpstreamBusy("full", retry_after=0.0),
    lambda: UpstreamUnreachable("away", retry_after=5),
    lambda: Unavailable("resting", code="circuit_open"),
]


@pytest.mark.parametrize("failure", CRASH)
async def test_what_fails_for_a_moment_is_asked_again(
    failure: Callable[[], GatewayError],
) -> None:
    """Two failures are mended by the third try; the caller's answer says nothing of it."""
    ollama = failing(failure(), failure())
    call = a_call()
    fallback = plugin()
    assert await all_of(fallback.around_inference(ollama.infer), call) == list(HELLO)
    assert ollama.calls == [call] * 3
    assert not call.headers
    assert figures(fallback)["localai_retries_mended_total"] == {(): 1}


@pytest.mark.parametrize("attempts", [1, 2, 4])
async def test_the_number_of_tries_is_bounded(attempts: int) -> None:
    """So many, and then the failure is told."""
    ollama = failing(*(UpstreamFailed(str(number)) for number in range(9)))
    with pytest.raises(UpstreamFailed, match="0"):
        await all_of(handler(ollama, attempts=attempts), a_call())
    assert len(ollama.calls) == attempts


@pytest.mark.parametrize(
    "failure",
    [
        InvalidRequest("wrong"),
        RateLimited("too fast"),
        ModelNotFound("not here"),
        ContextTooLong("too long"),
        UpstreamTimeout("a minute for nothing"),
        Unavailable("full", code="queue_full"),
        Unavailable("too long", code="wait_too_long"),
        Unavailable("resting", code="circuit_open", retry_after=30),
        Unavailable("the gateway drains", code="shutting_down"),
        ValueError("a bug"),
    ],
)
async def test_what_another_try_would_not_mend_is_told_at_once(failure: Exception) -> None:
    """Wrong requests, our own queue's word, timeouts, and hosts that want a long rest."""
    ollama = failing(failure)
    with pytest.raises(type(failure)):
        await all_of(handler(ollama), a_call())
    assert len(ollama.calls) == 1


async def test_retries_are_few_when_all_fail() -> None:
    """In an outage a router sends a tenth more requests, and not three times as many."""
    ollama = failing(*(UpstreamFailed("crashed") for _ in range(1000)))
    fallback = plugin(retry_share=0.1)
    answer = fallback.around_inference(ollama.infer)
    for _ in range(100):
        with pytest.raises(UpstreamFailed):
            await all_of(answer, a_call())
    assert 100 + 10 <= len(ollama.calls) <= 100 + 10 + 3
    assert figures(fallback)["localai_retries_refused_total"][()] > 50


async def test_the_callers_deadline_ends_the_tries() -> None:
    """Who wants an answer within a millisecond is not kept waiting for seconds."""
    ollama = failing(UpstreamBusy("full", retry_after=1), tiny=[])
    call = a_call(connection=connecting(x_localai_max_latency="1ms"))
    with pytest.raises(UpstreamBusy):
        await all_of(handler(ollama, longest_wait=10.0), call)
    assert ollama.asked == [WANTED]


async def test_a_deadline_that_cannot_be_read_is_none() -> None:
    """The failure is mended as ever."""
    ollama = failing(UpstreamFailed("crashed"))
    call = a_call(connection=connecting(x_localai_max_latency="soon"))
    assert await all_of(handler(ollama), call) == list(HELLO)


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        (ContextTooLong("too long"), "context"),
        (Unavailable("full", code="queue_full"), "busy"),
        (Unavailable("too long", code="wait_too_long"), "busy"),
        (UpstreamBusy("full", retry_after=60), "busy"),
        (UpstreamTimeout("no first token"), "timeout"),
        (ModelNotFound("not here"), "error"),
        (Unavailable("resting", code="circuit_open", retry_after=30), "error"),
    ],
)
async def test_another_model_answers_by_the_cause(failure: GatewayError, cause: str) -> None:
    """Each cause has its list; the answer says who gave it and why, as does one line of the log."""
    chain: dict[str, Any] = {each: [f"for-{each}"] for each in get_args(Cause)}
    ollama = failing(failure)
    call = a_call()
    fallback = plugin(chains={WANTED: Chain(**chain)})
    with capture_logs() as entries:
        assert await all_of(fallback.around_inference(ollama.infer), call) == list(HELLO)
    assert ollama.calls == [call, call.replace(model=f"for-{cause}")]
    assert call.headers[MODEL] == f"for-{cause}"
    assert call.headers[FALLBACK] == f"for-{cause}; cause={cause}"
    told = [(each["wanted"], each["model"], each["cause"]) for each in entries]
    assert told == [(WANTED, f"for-{cause}", cause)]
    assert figures(fallback)["localai_fallbacks_total"] == {(cause, "ok"): 1}


async def test_one_model_for_all_is_enough() -> None:
    """With `model` only, that one answers for every other that does not."""
    ollama = failing(ModelNotFound("not here"))
    call = a_call()
    assert await all_of(handler(ollama, model=OTHER), call) == list(HELLO)
    assert ollama.asked == [WANTED, OTHER]
    assert call.headers[FALLBACK] == f"{OTHER}; cause=error"


async def test_the_same_model_is_tried_again_before_another_is_asked() -> None:
    """Three times the wanted one, and then the other."""
    ollama = failing(*(UpstreamFailed("crashed") for _ in range(3)))
    assert await all_of(handler(ollama, model=OTHER), a_call()) == list(HELLO)
    assert ollama.asked == [WANTED] * 3 + [OTHER]


async def test_each_other_model_is_asked_once_in_order() -> None:
    """By the list for the latest failure; a loop in the file is none."""
    ollama = failing(
        Unavailable("full", code="queue_full"),
        small=[ContextTooLong("too long")],
        large=[UpstreamTimeout("too slow")],
    )
    chains = {WANTED: Chain(busy=["small", WANTED], any=["small", "large", "tiny"])}
    call = a_call()
    assert await all_of(handler(ollama, chains=chains), call) == list(HELLO)
    assert ollama.asked == [WANTED, "small", "large", "tiny"]
    assert call.headers[FALLBACK] == "tiny; cause=timeout"


async def test_when_all_fail_the_wanted_models_failure_is_told() -> None:
    """The caller did not ask for the others; and no header says that one of them has answered."""
    ollama = failing(UpstreamTimeout("too slow"), tiny=[ModelNotFound("nor here")])
    call = a_call()
    call.headers[MODEL] = WANTED
    fallback = plugin(model=OTHER)
    with pytest.raises(UpstreamTimeout):
        await all_of(fallback.around_inference(ollama.infer), call)
    assert call.headers == {MODEL: WANTED}
    assert figures(fallback)["localai_fallbacks_total"] == {("timeout", "error"): 1}


@pytest.mark.parametrize(
    ("changes", "model"),
    [
        ({"kind": "embed", "inputs": ("x",), "messages": ()}, OTHER),
        ({"messages": ()}, OTHER),
        ({"model": "lone"}, "lone:latest"),
        ({"model": "Lone:latest"}, "lone"),
        ({"principal": Principal(id="someone", models=("llama3.2",))}, OTHER),
        ({"principal": Principal(id="someone").on_behalf()}, OTHER),
    ],
)
async def test_some_calls_have_no_other_model(changes: dict[str, Any], model: str) -> None:
    """Embeddings, loading, the model itself, keys that may not use it, the router's own calls."""
    ollama = Ollama(llama3_2=[UpstreamTimeout("x")], lone=[UpstreamTimeout("x")])
    ollama.failures["Lone:latest"] = [UpstreamTimeout("x")]
    with pytest.raises(UpstreamTimeout):
        await all_of(handler(ollama, model=model), a_call(**changes))
    assert len(ollama.calls) == 1


async def test_embeddings_are_asked_for_again_of_the_same_model() -> None:
    """Vectors of two models never mix, but a second try gives the same vectors."""
    ollama = failing(UpstreamFailed("crashed"))
    call = a_call(kind="embed", inputs=("x",), messages=())
    assert await all_of(handler(ollama, model=OTHER), call) == list(HELLO)
    assert ollama.asked == [WANTED, WANTED]


async def test_an_answer_that_has_begun_is_never_mixed_with_another() -> None:
    """A failure after the first word is the caller's to see."""
    ollama = failing(UpstreamFailed("crashed"))
    ollama.before = (Chunk(content="Hel"),)
    call = a_call()
    async with aclosing(handler(ollama, model=OTHER)(call)) as chunks:
        assert await anext(chunks) == Chunk(content="Hel")
        with pytest.raises(UpstreamFailed):
            await anext(chunks)
    assert ollama.asked == [WANTED]
    assert not call.headers


@pytest.mark.parametrize("empty", [1, MOST_HELD])
async def test_a_chunk_that_says_nothing_is_no_beginning(empty: int) -> None:
    """What came before a failure is dropped, what comes before an answer is passed on."""
    ollama = failing(UpstreamFailed("crashed"))
    ollama.before = (EMPTY,) * empty
    assert await all_of(handler(ollama), a_call()) == list(HELLO)
    answered = Model(*(EMPTY,) * empty, *HELLO)
    assert await all_of(handler(answered), a_call()) == [EMPTY] * empty + list(HELLO)


async def test_not_more_than_some_empty_chunks_are_held() -> None:
    """After those an answer counts as begun."""
    ollama = failing(UpstreamFailed("crashed"))
    ollama.before = (EMPTY,) * (MOST_HELD + 1)
    with pytest.raises(UpstreamFailed):
        await all_of(handler(ollama, model=OTHER), a_call())
    assert ollama.asked == [WANTED]


async def test_an_answer_of_nothing_is_one() -> None:
    """A model that ends without a word has answered; chunks are not kept back in the end."""
    ollama = Model(EMPTY, EMPTY)
    assert await all_of(handler(ollama), a_call()) == [EMPTY, EMPTY]


async def test_a_good_answer_is_left_alone() -> None:
    """Without a failure the other model is not asked, and no header is set."""
    ollama = Ollama()
    call = a_call()
    assert await all_of(handler(ollama, model=OTHER), call) == list(HELLO)
    assert ollama.asked == [WANTED]
    assert not call.headers


def test_with_nothing_to_do_it_does_not_stand_in_the_way() -> None:
    """No tries and no other models: the chain is as if it was not there."""
    ollama = Ollama()
    infer = ollama.infer
    assert plugin(attempts=1).around_inference(infer) is infer


async def test_a_request_that_goes_well_costs_microseconds() -> None:
    """A thousand answers take a few milliseconds longer."""
    call = a_call()

    async def infer(call: Call) -> Chunks:
        for chunk in HELLO:
            yield chunk

    answer = plugin(model=OTHER).around_inference(infer)

    async def thousand() -> None:
        for _ in range(1000):
            await all_of(answer, call)

    await within_async(0.02, thousand)


@pytest.mark.parametrize("taken", [1, 2])
async def test_a_caller_that_leaves_closes_the_answer(taken: int) -> None:
    """Whoever leaves ends the model's answer, and no other one begins."""
    ollama = Model(*HELLO, failure=UpstreamFailed("late"))
    async with aclosing(handler(ollama, model=OTHER)(a_call())) as chunks:
        for _ in range(taken):
            await anext(chunks)
    assert (len(ollama.calls), ollama.closed) == (1, 1)


async def test_it_works_over_http(tmp_path: Path) -> None:
    """A model that is not there is answered for, streamed or not, in both APIs."""
    file = '[plugins.routing.fallback]\nmodel = "localai-guide"\n'
    async with serving(tmp_path, "routing.fallback", file) as (_, client):
        for path in ("/api/chat", "/v1/chat/completions"):
            for stream in (True, False):
                answer = await client.post(path, json=asking(model="missing", stream=stream))
                assert answer.status_code == 200
                found = [answer.headers[name] for name in (MODEL, FALLBACK)]
                assert found == ["localai-guide", "localai-guide; cause=error"]
        body = {"model": "missing", "input": "x"}
        assert (await client.post("/api/embed", json=body)).status_code == 404
