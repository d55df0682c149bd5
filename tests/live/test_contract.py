"""What clients rely on, through the router and compared with Ollama itself."""

import json
import math
import re
from typing import Any

import httpx
import ollama
import openai
import pytest

from tests.live.conftest import Served

ASK = [{"role": "user", "content": "Say hello in one short sentence."}]


async def _lines(url: str, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    async with (
        httpx.AsyncClient(base_url=url, timeout=300) as client,
        client.stream("POST", path, json=body) as response,
    ):
        assert response.headers["content-type"] == "application/x-ndjson"
        return [json.loads(line) async for line in response.aiter_lines()]


async def test_chat_streams_have_ollamas_keys(served: Served) -> None:
    """A streamed chat has the same keys, in the same order, as Ollama's own."""
    body = {"model": served.chat, "messages": ASK, "options": {"num_predict": 8, "seed": 1}}
    direct = await _lines(served.ollama, "/api/chat", body)
    routed = await _lines(served.router, "/api/chat", body)
    assert [*routed[0]] == [*direct[0]]
    assert [*routed[0]["message"]] == [*direct[0]["message"]]
    assert [*routed[-1]] == [*direct[-1]]
    assert routed[-1]["done"] is True
    assert routed[-1]["eval_count"] > 0


async def test_generate_answers_as_ollama_does(served: Served) -> None:
    """A plain completion has Ollama's keys."""
    body = {
        "model": served.chat,
        "prompt": "Say hello.",
        "stream": False,
        "options": {"num_predict": 8},
    }
    async with httpx.AsyncClient(timeout=300) as client:
        direct = (await client.post(f"{served.ollama}/api/generate", json=body)).json()
        routed = (await client.post(f"{served.router}/api/generate", json=body)).json()
    assert [*routed] == [*direct]


async def test_load_and_unload_are_one_object(served: Served) -> None:
    """An empty conversation loads the model; with keep_alive 0 it unloads it."""
    async with httpx.AsyncClient(base_url=served.router, timeout=300) as client:
        loaded = await client.post("/api/chat", json={"model": served.chat})
        unloaded = await client.post("/api/chat", json={"model": served.chat, "keep_alive": 0})
    assert loaded.json()["done_reason"] == "load"
    assert unloaded.json()["done_reason"] == "unload"
    assert loaded.headers["content-type"].startswith("application/json")


@pytest.mark.parametrize("path", ["/api/tags", "/api/version"])
async def test_listings_are_ollamas_own(served: Served, path: str) -> None:
    """Listings pass through with no key lost."""
    async with httpx.AsyncClient(timeout=60) as client:
        direct = (await client.get(served.ollama + path)).json()
        routed = (await client.get(served.router + path)).json()
    assert routed == direct


async def test_the_version_is_digits_and_dots(served: Served) -> None:
    """Open WebUI reads the version as integers."""
    async with httpx.AsyncClient(base_url=served.router, timeout=60) as client:
        version = (await client.get("/api/version")).json()["version"]
    assert re.fullmatch(r"\d+(\.\d+)*(-\w+)?", version)


@pytest.mark.parametrize("key", ["model", "name"])
async def test_show_takes_both_spellings(served: Served, key: str) -> None:
    """A model is described under `model` and under the older `name`, always with model_info."""
    async with httpx.AsyncClient(base_url=served.router, timeout=60) as client:
        shown = (await client.post("/api/show", json={key: served.chat})).json()
    assert shown["model_info"]["general.architecture"]


async def test_a_missing_model_says_how_to_get_it(served: Served) -> None:
    """A missing model is 404 in both dialects, with the command that gets it."""
    body = {"model": "no-such-model", "messages": ASK}
    async with httpx.AsyncClient(base_url=served.router, timeout=60) as client:
        native = await client.post("/api/chat", json=body)
        compatible = await client.post("/v1/chat/completions", json=body)
    text = "model 'no-such-model' is not here: ollama pull no-such-model"
    assert (native.status_code, native.json()) == (404, {"error": text})
    assert compatible.status_code == 404
    assert compatible.json()["error"]["message"] == text
    assert compatible.json()["error"]["code"] == "model_not_found"


async def test_embeddings_are_normalised_and_in_order(served: Served) -> None:
    """Vectors have length 1, and the same text has the same vector at any place."""
    if served.embed is None:
        pytest.fail("pull an embedding model first: ollama pull nomic-embed-text")
    body = {"model": served.embed, "input": ["red", "a longer text", "red"]}
    async with httpx.AsyncClient(base_url=served.router, timeout=300) as client:
        vectors = (await client.post("/api/embed", json=body)).json()["embeddings"]
    assert len(vectors) == 3
    assert math.isclose(math.hypot(*vectors[0]), 1, abs_tol=1e-3)
    assert math.dist(vectors[0], vectors[2]) < 1e-3 < math.dist(vectors[0], vectors[1])


async def test_the_openai_client_chats(served: Served) -> None:
    """OpenAI's client gets a plain answer and a stream that ends with its usage."""
    async with openai.AsyncOpenAI(base_url=f"{served.router}/v1", api_key="none") as client:
        plain = await client.chat.completions.create(
            model=served.chat,
            messages=[{"role": "user", "content": "Say hello."}],
            max_completion_tokens=8,
        )
        stream = await client.chat.completions.create(
            model=served.chat,
            messages=[{"role": "user", "content": "Say hello."}],
            max_completion_tokens=8,
            stream=True,
            stream_options={"include_usage": True},
        )
        events = [event async for event in stream]
        names = [model.id async for model in client.models.list()]
        described = await client.models.retrieve(served.chat)
    assert plain.choices[0].finish_reason in ("stop", "length")
    assert plain.usage is not None
    assert plain.usage.completion_tokens > 0
    assert len({event.id for event in events}) == len({event.created for event in events}) == 1
    assert [bool(event.usage) for event in events] == [False] * (len(events) - 1) + [True]
    roles = [event.choices[0].delta.role for event in events if event.choices]
    assert roles == ["assistant"] + [None] * (len(roles) - 1)
    assert events[-2].choices[0].finish_reason in ("stop", "length")
    assert served.chat in names
    assert described.id == served.chat


async def test_the_openai_client_completes_and_embeds(served: Served) -> None:
    """OpenAI's client completes a text, and reads base64 and float embeddings alike."""
    async with openai.AsyncOpenAI(base_url=f"{served.router}/v1", api_key="none") as client:
        text = await client.completions.create(
            model=served.chat, prompt="Once upon a time", max_tokens=8
        )
        assert text.choices[0].finish_reason in ("stop", "length")
        if served.embed is None:
            pytest.fail("pull an embedding model first: ollama pull nomic-embed-text")
        base64 = await client.embeddings.create(model=served.embed, input="red")
        floats = await client.embeddings.create(
            model=served.embed, input="red", encoding_format="float"
        )
    assert math.dist(base64.data[0].embedding, floats.data[0].embedding) < 1e-4


async def test_the_ollama_client_works(served: Served) -> None:
    """Ollama's client chats, completes, lists, shows and gets errors as its own server's."""
    async with ollama.AsyncClient(host=served.router) as client:
        plain = await client.chat(model=served.chat, messages=ASK, options={"num_predict": 8})
        assert plain.done
        parts = [
            part
            async for part in await client.generate(
                model=served.chat, prompt="Say hello.", stream=True, options={"num_predict": 8}
            )
        ]
        assert parts[-1].done
        assert served.chat in [model.model for model in (await client.list()).models]
        assert (await client.show(served.chat)).modelinfo
        assert served.chat in [model.model for model in (await client.ps()).models]
        with pytest.raises(ollama.ResponseError, match="ollama pull no-such-model") as failure:
            await client.chat(model="no-such-model", messages=ASK)
        assert failure.value.status_code == 404


async def test_the_ollama_client_embeds(served: Served) -> None:
    """Ollama's client gets vectors from both of its methods, pointing the same way."""
    if served.embed is None:
        pytest.fail("pull an embedding model first: ollama pull nomic-embed-text")
    async with ollama.AsyncClient(host=served.router) as client:
        new = (await client.embed(model=served.embed, input=["red"])).embeddings[0]
        old = (await client.embeddings(model=served.embed, prompt="red")).embedding
    cosine = sum(a * b for a, b in zip(new, old, strict=True)) / math.hypot(*old)
    assert math.isclose(cosine, 1, abs_tol=1e-3)
