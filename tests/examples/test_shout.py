"""The README's plugin, in a router."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from examples.shout import Shout
from localai import Chunk
from tests.plugins.support import HELLO, Model, a_call, all_of, asking, serving

FILE = '[plugins.shout]\nuse = "examples.shout:Shout"\n'


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a router with the plugin in its chain."""
    async with serving(tmp_path, "shout", FILE) as (_, client):
        yield client


async def test_only_the_text_is_changed() -> None:
    """Each piece comes out in capitals, with all else as it was."""
    model = Model(*HELLO)
    assert await all_of(Shout().around_inference(model.infer), a_call()) == [
        Chunk(content="HEL", model="llama3.2"),
        Chunk(content="LO", model="llama3.2"),
        HELLO[-1],
    ]


async def test_ollamas_answers_are_in_capitals(client: httpx.AsyncClient) -> None:
    """Chats and completions of Ollama's API shout, streamed or not, and say the same."""
    plain = (await client.post("/api/chat", json=asking())).json()["message"]["content"]
    stream = await client.post("/api/chat", json=asking(stream=True))
    lines = [json.loads(line) for line in stream.text.splitlines()]
    assert len(lines) > 2
    assert "".join(line["message"]["content"] for line in lines) == plain
    body = {"model": "localai-guide", "prompt": "Hello", "stream": False}
    assert (await client.post("/api/generate", json=body)).json()["response"] == plain
    assert plain == plain.upper() != plain.lower()


async def test_openais_answers_are_in_capitals(client: httpx.AsyncClient) -> None:
    """Chat completions of OpenAI's API shout, streamed or not, and say the same."""
    path = "/v1/chat/completions"
    plain = (await client.post(path, json=asking())).json()["choices"][0]["message"]["content"]
    stream = await client.post(path, json=asking(stream=True))
    *events, last = [line.removeprefix("data: ") for line in stream.text.split("\n\n") if line]
    deltas = [json.loads(event)["choices"][0]["delta"] for event in events]
    assert last == "[DONE]"
    assert "".join(delta.get("content") or "" for delta in deltas) == plain
    assert plain == plain.upper() != plain.lower()


async def test_without_the_plugin_nothing_shouts(tmp_path: Path) -> None:
    """The same question to a router without it is answered in small letters too."""
    async with serving(tmp_path, "") as (_, client):
        said = (await client.post("/api/chat", json=asking())).json()["message"]["content"]
    assert said != said.upper()
