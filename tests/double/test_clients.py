"""The double as the real client libraries see it."""

from collections.abc import AsyncIterator

import ollama
import openai
import pytest

from tests.double import OllamaDouble, Script, faults

HI = {"role": "user", "content": "Hi"}
TEXT = " Hello from the tiny test model today."


@pytest.fixture
async def native(double: OllamaDouble) -> AsyncIterator[ollama.AsyncClient]:
    """Ollama's own client."""
    async with ollama.AsyncClient(double.url) as client:
        yield client


@pytest.fixture
async def compatible(double: OllamaDouble) -> AsyncIterator[openai.AsyncOpenAI]:
    """OpenAI's client, without retries."""
    url = f"{double.url}/v1"
    async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
        yield client


async def test_ollama_chats(double: OllamaDouble, native: ollama.AsyncClient) -> None:
    """Ollama's client reads whole answers, streams, thoughts and tool calls."""
    whole = await native.chat("tiny", [HI])
    assert (whole.message.content, whole.done_reason, whole.eval_count) == (TEXT, "stop", 8)
    stream = await native.chat("tiny", [HI], stream=True)
    assert "".join([part.message.content or "" async for part in stream]) == TEXT
    call = {"name": "f", "arguments": {"a": 1}}
    double.script(Script(tokens=[], thinking=["Hm"], tool_calls=[call]))
    thought = await native.chat("tiny-think", [HI], think=True)
    assert (thought.message.thinking, thought.message.content) == ("Hm", "")
    assert thought.message.tool_calls is not None
    assert thought.message.tool_calls[0].function.arguments == {"a": 1}


async def test_ollama_generates_and_embeds(native: ollama.AsyncClient) -> None:
    """Ollama's client reads generations and vectors."""
    assert (await native.generate("tiny", "Hi")).response == TEXT
    stream = await native.generate("tiny", "Hi", stream=True)
    assert "".join([part.response or "" async for part in stream]) == TEXT
    assert [len(v) for v in (await native.embed("tiny-embed", ["a", "b"])).embeddings] == [64, 64]
    assert len((await native.embeddings("tiny-embed", "a")).embedding) == 64


async def test_ollama_lists_and_shows(native: ollama.AsyncClient) -> None:
    """Ollama's client reads tags, ps and show."""
    await native.generate("tiny", keep_alive=-1)
    assert len((await native.list()).models) == 5
    (loaded,) = (await native.ps()).models
    assert (loaded.model, loaded.context_length) == ("tiny:latest", 4096)
    shown = await native.show("tiny-think")
    assert shown.capabilities == ["completion", "tools", "thinking"]
    assert shown.modelinfo is not None
    assert shown.modelinfo["general.architecture"] == "llama"


async def test_ollama_manages(double: OllamaDouble, native: ollama.AsyncClient) -> None:
    """Ollama's client copies, creates, deletes and pulls."""
    assert (await native.copy("tiny", "twin")).status == "success"
    assert (await native.create("mine", from_="tiny")).status == "success"
    assert (await native.delete("twin")).status == "success"
    with pytest.raises(ollama.ResponseError) as caught:
        await native.pull("nope")
    assert caught.value.status_code == 500


async def test_ollama_raises(double: OllamaDouble, native: ollama.AsyncClient) -> None:
    """Ollama's client turns statuses and error lines into its exception."""
    with pytest.raises(ollama.ResponseError) as missing:
        await native.chat("nope", [HI])
    assert (missing.value.status_code, missing.value.error) == (404, "model 'nope' not found")
    double.script(Script(fault=faults.ErrorLine(2)))
    stream = await native.chat("tiny", [HI], stream=True)
    seen = [(await anext(stream)).message.content for _ in range(2)]
    with pytest.raises(ollama.ResponseError) as late:
        await anext(stream)
    assert (late.value.status_code, seen) == (-1, [" Hello", " from"])


@pytest.mark.parametrize("profile", ["0.32", "0.24"])
async def test_openai_chats(
    profile: str, double: OllamaDouble, compatible: openai.AsyncOpenAI
) -> None:
    """OpenAI's client reads whole answers and streams of both profiles."""
    double.profile = "0.24" if profile == "0.24" else "0.32"
    whole = await compatible.chat.completions.create(
        model="tiny", messages=[{"role": "user", "content": "Hi"}]
    )
    assert (whole.choices[0].message.content, whole.choices[0].finish_reason) == (TEXT, "stop")
    stream = await compatible.chat.completions.create(
        model="tiny",
        messages=[{"role": "user", "content": "Hi"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    said = [choice.delta.content or "" for chunk in chunks for choice in chunk.choices]
    assert "".join(said) == TEXT
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 8


async def test_openai_completes_embeds_and_lists(compatible: openai.AsyncOpenAI) -> None:
    """OpenAI's client reads completions, base64 vectors and models."""
    completion = await compatible.completions.create(model="tiny", prompt="Hi")
    assert completion.choices[0].text == TEXT
    vectors = await compatible.embeddings.create(model="tiny-embed", input=["a", "b"])
    assert [len(row.embedding) for row in vectors.data] == [64, 64]
    names = [model.id async for model in compatible.models.list()]
    assert "tiny:latest" in names
    assert (await compatible.models.retrieve("tiny")).owned_by == "library"


async def test_openai_raises(double: OllamaDouble, compatible: openai.AsyncOpenAI) -> None:
    """OpenAI's client turns error objects into its exceptions, and misses a late error."""
    with pytest.raises(openai.NotFoundError) as missing:
        await compatible.chat.completions.create(
            model="nope", messages=[{"role": "user", "content": "Hi"}]
        )
    assert missing.value.body == {
        "message": "model 'nope' not found",
        "type": "not_found_error",
        "param": None,
        "code": None,
    }
    double.script(Script(fault=faults.ErrorLine(1)))
    stream = await compatible.chat.completions.create(
        model="tiny", messages=[{"role": "user", "content": "Hi"}], stream=True
    )
    assert [chunk.model async for chunk in stream] == ["tiny", ""]
