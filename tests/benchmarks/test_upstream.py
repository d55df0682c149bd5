"""The fake upstream speaks both protocols well enough for their official clients."""

from collections.abc import AsyncIterator

import httpx
import ollama
import openai
import pytest
import pytest_asyncio

from benchmarks.answers import EMBEDDING, MODELS, PROMPT_TOKENS
from benchmarks.upstream import Upstream

WORDS = " lap0 lap1 lap2 lap3"
QUESTION = [{"role": "user", "content": "Why?"}]


@pytest_asyncio.fixture
async def url() -> AsyncIterator[str]:
    """Serve the fake upstream; gives its address."""
    async with await Upstream().listen() as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest_asyncio.fixture
async def native(url: str) -> AsyncIterator[ollama.AsyncClient]:
    """Give Ollama's own client."""
    client = ollama.AsyncClient(url, trust_env=False)
    yield client
    await client._client.aclose()


@pytest_asyncio.fixture
async def compatible(url: str) -> AsyncIterator[openai.AsyncOpenAI]:
    """Give OpenAI's client."""
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.mark.parametrize("model", ["burst-4", "paced-1ms-4", "burst-4:latest"])
async def test_native_stream(native: ollama.AsyncClient, model: str) -> None:
    """Ollama's client reads every token of a stream and its last, counted object."""
    parts = [part async for part in await native.chat(model, QUESTION, stream=True)]
    assert "".join(part.message.content or "" for part in parts) == WORDS
    assert [part.done for part in parts] == [False] * 4 + [True]
    assert (parts[-1].model, parts[-1].eval_count) == (model, 4)


async def test_native_plain(native: ollama.AsyncClient) -> None:
    """Ollama's client reads a whole answer."""
    answer = await native.chat("burst-4", QUESTION)
    assert (answer.message.content, answer.done_reason) == (WORDS, "stop")
    assert answer.prompt_eval_count == PROMPT_TOKENS


async def test_native_listings(native: ollama.AsyncClient) -> None:
    """Ollama's client reads the models, those that run, and what one can do."""
    names = [f"{name}:latest" for name in MODELS]
    assert [model.model for model in (await native.list()).models] == names
    assert [model.model for model in (await native.ps()).models] == names
    assert (await native.show("embed-64")).capabilities == ["embedding"]


async def test_native_embeddings(native: ollama.AsyncClient) -> None:
    """Ollama's client gets one vector for each text."""
    one = await native.embed("embed-64", "a")
    two = await native.embed("embed-64", ["a", "b"])
    assert list(one.embeddings) == [EMBEDDING]
    assert list(two.embeddings) == [EMBEDDING, EMBEDDING]


async def test_compatible_stream(compatible: openai.AsyncOpenAI) -> None:
    """OpenAI's client reads tokens, finish and the usage that it asked for."""
    stream = await compatible.chat.completions.create(
        model="burst-4",
        messages=[{"role": "user", "content": "Why?"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    choices = [choice for chunk in chunks for choice in chunk.choices]
    assert "".join(choice.delta.content or "" for choice in choices) == WORDS
    assert choices[-1].finish_reason == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 4


async def test_compatible_plain(compatible: openai.AsyncOpenAI) -> None:
    """OpenAI's client reads a whole answer and the list of models."""
    answer = await compatible.chat.completions.create(
        model="burst-4", messages=[{"role": "user", "content": "Why?"}]
    )
    assert answer.choices[0].message.content == WORDS
    assert [m.id async for m in compatible.models.list()] == [f"{name}:latest" for name in MODELS]


async def test_unknown_model(native: ollama.AsyncClient, compatible: openai.AsyncOpenAI) -> None:
    """An unknown model is a 404 in the shape of each protocol."""
    with pytest.raises(ollama.ResponseError, match="model 'nobody' not found"):
        await native.chat("nobody", QUESTION)
    with pytest.raises(openai.NotFoundError, match="model 'nobody' not found"):
        await compatible.chat.completions.create(
            model="nobody", messages=[{"role": "user", "content": "Why?"}]
        )


async def test_counts_served_chats(url: str) -> None:
    """`/served` counts the chats that were answered, and nothing else."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        await client.post("/api/chat", json={"model": "burst-1", "stream": False})
        await client.post("/v1/chat/completions", json={"model": "burst-1"})
        await client.post("/v1/chat/completions", json={"model": "nobody"})
        await client.get("/api/tags")
        assert (await client.get("/served")).json() == {"served": 2}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/", "", 200),
        ("/api/version", "", 200),
        ("/nowhere", "", 404),
        ("/api/chat", "{", 400),
    ],
)
async def test_other_answers(url: str, path: str, body: str, status: int) -> None:
    """The remaining paths answer as Ollama does, and bad JSON is a 400."""
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        assert (await client.request("POST", path, content=body)).status_code == status
