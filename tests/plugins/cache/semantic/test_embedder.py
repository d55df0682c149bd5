"""Vectors of questions, through the chain."""

import asyncio
from contextvars import ContextVar

import pytest
from structlog.testing import capture_logs

from localai import Call, Chunk, Chunks, Principal, UpstreamUnreachable
from plugins.cache.semantic.embedder import Embedder, embed
from tests.plugins.cache.semantic.support import Embedding, asking
from tests.plugins.cache.support import Router, soon

ANNA = Principal(id="key:1", user="anna", tenant="lab", models=("llama3.2",))
QUESTION = asking("Why?", principal=ANNA)


def embedder(embedding: Embedding, timeout: float = 10.0) -> Embedder:
    """Return one that asks this model."""
    router = Router()
    router.handler = embedding.infer
    return Embedder(router.gateway, "Embed", timeout)


async def test_a_question_is_embedded_on_behalf_of_its_caller() -> None:
    """The router asks itself, within the caller's tenant, by a call of its own."""
    embedding = Embedding({"Why?": (3.0, 4.0)})
    vector = await embedder(embedding).vector("Why?", QUESTION)
    assert vector is not None
    assert vector.tolist() == pytest.approx([0.6, 0.8])
    (call,) = embedding.calls
    assert (call.kind, call.model, call.inputs) == ("embed", "embed:latest", ("Why?",))
    assert call.principal == Principal(id="router:key:1", user="anna", tenant="lab")
    assert call.request_id == QUESTION.request_id
    assert call.connection is None
    assert call.headers is not QUESTION.headers


async def test_a_model_that_fails_gives_no_vector_and_one_line() -> None:
    """Failures are counted; the log says why, without the question, and not again for a minute."""
    embedding = Embedding({})
    embedding.failure = UpstreamUnreachable("Ollama does not answer", retry_after=5)
    asked = embedder(embedding)
    with capture_logs() as logs:
        for _ in range(3):
            assert await asked.vector("Why?", QUESTION) is None
    assert asked.failures == 3
    assert logs == [
        {
            "event": "questions can't be compared",
            "model": "embed:latest",
            "reason": "Ollama does not answer",
            "log_level": "warning",
        }
    ]


async def test_a_slow_model_costs_the_timeout_at_most() -> None:
    """After it, the answer goes on without, and the call to the model has ended."""
    embedding = Embedding({})
    embedding.gate.clear()
    before = asyncio.all_tasks()
    with capture_logs() as logs:
        assert await embedder(embedding, timeout=0.01).vector("Why?", QUESTION) is None
    assert logs[0]["reason"] == "no vector within 0.01 s"
    assert asyncio.all_tasks() == before


async def test_whoever_leaves_takes_the_call_along() -> None:
    """A caller who is cancelled meanwhile cancels the call to the model."""
    embedding = Embedding({})
    embedding.gate.clear()
    before = asyncio.all_tasks()
    asking_it = asyncio.create_task(embedder(embedding).vector("Why?", QUESTION))
    await soon(lambda: embedding.calls)
    asking_it.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking_it
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize("values", [(), (0.0, 0.0), (float("nan"), 1.0)])
async def test_a_vector_with_nothing_in_it_is_none(values: tuple[float, ...]) -> None:
    """What is no direction is not compared."""
    asked = embedder(Embedding({"Why?": values}))
    with capture_logs() as logs:
        assert await asked.vector("Why?", QUESTION) is None
    assert logs[0]["reason"] == "a vector with nothing in it"


async def test_other_plugins_take_it_for_a_request_of_its_own() -> None:
    """What they note in the context of the caller's request stays as it is."""
    noted: ContextVar[str] = ContextVar("noted", default="")

    async def noting(call: Call) -> Chunks:
        assert noted.get() == ""
        noted.set("the router's")
        yield Chunk(embeddings=((1.0,),), done=True)

    router = Router()
    router.handler = noting
    noted.set("the caller's")
    assert await Embedder(router.gateway, "embed", 10).vector("Why?", QUESTION) is not None
    assert noted.get() == "the caller's"


async def test_a_batch_that_is_not_whole_is_no_batch() -> None:
    """Vectors that can't be told apart, for they are too few, are used for no text."""

    async def half(call: Call) -> Chunks:
        yield Chunk(embeddings=((1.0,),), done=True)

    router = Router()
    router.handler = half
    assert await embed(router.gateway, "embed", ("a", "b"), ANNA, "r") == [None, None]
