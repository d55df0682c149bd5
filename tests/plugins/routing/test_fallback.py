"""One other model, for when the wanted one can't answer."""

from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from localai import (
    Call,
    Chunk,
    Chunks,
    GatewayError,
    InvalidRequest,
    ModelNotFound,
    Principal,
    UpstreamBusy,
    UpstreamFailed,
    UpstreamInvalid,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from plugins.routing.fallback import Fallback
from tests.plugins.support import HELLO, Model, a_call, all_of, asking, serving

OTHER = "tiny"
HEADERS = ("x-localai-model", "x-localai-fallback")


class Ollama(Model):
    """Has one model that answers; every other one fails, after some chunks or at once."""

    def __init__(self, failure: Exception, *before: Chunk, good: str = OTHER) -> None:
        super().__init__(*HELLO)
        self.failure = failure
        self.before = before
        self.good = good

    async def infer(self, call: Call) -> Chunks:
        """Answer a call."""
        self.calls.append(call)
        for chunk in HELLO if call.model == self.good else self.before:
            yield chunk
        if call.model != self.good:
            assert self.failure is not None
            raise self.failure

    @property
    def asked(self) -> list[str]:
        """The models that were asked, in order."""
        return [call.model for call in self.calls]


def handler(ollama: Model, model: str = OTHER) -> Any:
    """Return Ollama behind the plugin."""
    return Fallback(Fallback.Config(model=model)).around_inference(ollama.infer)


@pytest.mark.parametrize(
    "failure",
    [
        ModelNotFound("not here"),
        UpstreamFailed("crashed"),
        UpstreamInvalid("not an answer"),
        UpstreamTimeout("no first token"),
    ],
)
async def test_the_other_model_answers_for_one_that_is_missing_or_fails(
    failure: GatewayError,
) -> None:
    """The caller gets the other model's whole answer, and headers that say so."""
    ollama = Ollama(failure)
    call = a_call()
    with capture_logs() as entries:
        assert await all_of(handler(ollama), call) == list(HELLO)
    assert ollama.calls == [call, call.replace(model=OTHER)]
    assert [call.headers[name] for name in HEADERS] == [OTHER, type(failure).__name__]
    assert [entry["wanted"] for entry in entries] == ["llama3.2"]


@pytest.mark.parametrize(
    "failure",
    [
        InvalidRequest("wrong"),
        UpstreamUnreachable("nobody there"),
        UpstreamBusy("full"),
        ValueError("a bug"),
    ],
)
async def test_what_another_model_would_not_mend_is_passed_on(failure: Exception) -> None:
    """A wrong request fails with every model, and a busy or absent Ollama has no other one."""
    ollama = Ollama(failure)
    with pytest.raises(type(failure)):
        await all_of(handler(ollama), a_call())
    assert ollama.asked == ["llama3.2"]


async def test_an_answer_that_has_begun_is_never_mixed_with_another() -> None:
    """A failure after the first chunk is the caller's to see."""
    ollama = Ollama(UpstreamFailed("crashed"), Chunk(content="Hel"))
    call = a_call()
    async with aclosing(handler(ollama)(call)) as chunks:
        assert await anext(chunks) == Chunk(content="Hel")
        with pytest.raises(UpstreamFailed):
            await anext(chunks)
    assert ollama.asked == ["llama3.2"]
    assert not call.headers


@pytest.mark.parametrize(
    ("changes", "model"),
    [
        ({"kind": "embed", "inputs": ("x",), "messages": ()}, OTHER),
        ({"messages": ()}, OTHER),
        ({}, ""),
        ({"model": "lone"}, "lone:latest"),
        ({"model": "Lone:latest"}, "lone"),
        ({"principal": Principal(id="someone", models=("llama3.2",))}, OTHER),
    ],
)
async def test_some_calls_have_no_other_model(changes: dict[str, Any], model: str) -> None:
    """Embeddings, loading, the other model itself and keys that may not use it just fail."""
    ollama = Ollama(ModelNotFound("not here"))
    with pytest.raises(ModelNotFound):
        await all_of(handler(ollama, model), a_call(**changes))
    assert len(ollama.calls) == 1


async def test_when_both_fail_the_second_failure_is_told() -> None:
    """There is one other model, not a chain of them."""
    ollama = Ollama(ModelNotFound("not here"), good="neither")
    with pytest.raises(ModelNotFound):
        await all_of(handler(ollama), a_call())
    assert ollama.asked == ["llama3.2", OTHER]


async def test_a_good_answer_is_left_alone() -> None:
    """Without a failure the other model is not asked, and no header is set."""
    ollama = Ollama(ModelNotFound("not here"), good="llama3.2")
    call = a_call()
    assert await all_of(handler(ollama), call) == list(HELLO)
    assert ollama.asked == ["llama3.2"]
    assert not call.headers


@pytest.mark.parametrize("taken", [1, 2])
async def test_a_caller_that_leaves_closes_the_answer(taken: int) -> None:
    """Whoever leaves ends the model's answer, and no other one begins."""
    ollama = Model(*HELLO, failure=UpstreamFailed("late"))
    async with aclosing(handler(ollama)(a_call())) as chunks:
        for _ in range(taken):
            await anext(chunks)
    assert (len(ollama.calls), ollama.closed) == (1, 1)


async def test_it_works_over_http(tmp_path: Path) -> None:
    """A model that is not there is answered for, streamed or not, in both APIs."""
    file = '[plugins.routing.fallback]\nmodel = "localai-guide"\n'
    async with serving(tmp_path, "routing", file) as (_, client):
        for path in ("/api/chat", "/v1/chat/completions"):
            for stream in (True, False):
                answer = await client.post(path, json=asking(model="missing", stream=stream))
                assert answer.status_code == 200
                found = [answer.headers[name] for name in HEADERS]
                assert found == ["localai-guide", "ModelNotFound"]
        body = {"model": "missing", "input": "x"}
        assert (await client.post("/api/embed", json=body)).status_code == 404
