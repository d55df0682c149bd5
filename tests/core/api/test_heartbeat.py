"""Signs of life on silent streams."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import msgspec
import ollama
import openai
import pytest

from core.errors import UpstreamInvalid
from core.hooks import hookimpl
from core.messages import Call, Chunks, Handler
from tests.double import OllamaDouble
from tests.support import Router, routing, toml_for

HI = [{"role": "user", "content": "hi"}]
STREAMS = pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/v1/chat/completions", {"messages": HI}),
        ("/v1/completions", {"prompt": "hi"}),
        ("/api/chat", {"messages": HI}),
        ("/api/generate", {"prompt": "hi"}),
    ],
)
BEAT = "[server]\nport = 0\ndrain_timeout = 0\nheartbeat = '50ms'"


class Slow:
    """A plugin that waits before the first chunk, and again after it, each time for a gate."""

    gates: tuple[asyncio.Event, asyncio.Event]

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Wait where told; fail in place of an answer for the model's name `tiny-tools`."""

        async def slow(call: Call) -> Chunks:
            call.headers["x-localai-queue"] = "position=2, eta=14"
            await self.gates[0].wait()
            call.headers["x-localai-queue"] = "waited=1.0"
            if call.model == "tiny-tools":
                raise UpstreamInvalid("it broke")
            async with aclosing(next(call)) as chunks:
                yield await anext(chunks)
                await self.gates[1].wait()
                async for chunk in chunks:
                    yield chunk

        return slow


@pytest.fixture
async def router(double: OllamaDouble, tmp_path: Path) -> AsyncIterator[Router]:
    """A router with that plugin, which says something every 50 ms."""
    Slow.gates = (asyncio.Event(), asyncio.Event())
    more = f'[plugins.slow]\nuse = "{__name__}:Slow"\n{BEAT}'
    async with routing(toml_for(double.url, "slow", more), tmp_path) as running:
        yield running


async def read(router: Router, path: str, body: Any) -> tuple[httpx.Headers, list[str]]:
    """Return a stream's lines; each gate opens after two signs of life in a row."""
    lines: list[str] = []
    gates = iter(Slow.gates)
    async with (
        httpx.AsyncClient(base_url=router.url, trust_env=False) as client,
        client.stream("POST", path, json=body | {"stream": True}) as answer,
    ):
        assert answer.status_code == 200
        silent = 0
        async for line in answer.aiter_lines():
            if not line:
                continue
            lines.append(line)
            silent = silent + 1 if is_beat(line) else 0
            if silent == 2 and (gate := next(gates, None)):
                gate.set()
                silent = 0
    return answer.headers, lines


def is_beat(line: str) -> bool:
    """Say whether a line is no part of the answer."""
    if not line.startswith("{"):
        return line.startswith(":")
    said = msgspec.json.decode(line)
    return not (
        "error" in said
        or said["done"]
        or said.get("response")
        or said.get("message", {}).get("content")
    )


@STREAMS
async def test_silence_is_filled_and_the_answer_is_whole(
    router: Router, path: str, asked: dict[str, Any]
) -> None:
    """Signs of life come before the first token and between two, and change nothing else."""
    headers, lines = await read(router, path, asked | {"model": "tiny"})
    assert headers["x-localai-queue"] == "position=2, eta=14"
    beats = [line for line in lines if is_beat(line)]
    assert len(beats) >= 4
    if path.startswith("/v1"):
        assert beats[:2] == [": position=2, eta=14"] * 2
        assert beats[-1] == ": waited=1.0"
        assert lines[-1] == "data: [DONE]"
    else:
        assert msgspec.json.decode(beats[0])["created_at"].endswith("Z")
    for gate in Slow.gates:
        assert gate.is_set()
    assert _text(line for line in lines if not is_beat(line)) == (
        " Hello from the tiny test model today."
    )


@STREAMS
async def test_an_error_after_a_sign_of_life_is_an_event(
    router: Router, path: str, asked: dict[str, Any]
) -> None:
    """The status is out by then: the stream ends with the error, and with nothing after it."""
    _, lines = await read(router, path, asked | {"model": "tiny-tools"})
    assert "it broke" in lines[-1]
    assert all(is_beat(line) for line in lines[:-1])


async def test_the_official_clients_do_not_notice(router: Router) -> None:
    """openai and ollama read a stream with signs of life as they read any other."""
    loop = asyncio.get_running_loop()
    for gate in Slow.gates:
        loop.call_later(0.2, gate.set)
    async with openai.AsyncOpenAI(base_url=f"{router.url}/v1", api_key="none") as client:
        stream = await client.chat.completions.create(
            model="tiny",
            messages=[{"role": "user", "content": "hi"}],
            stream=True,
        )
        said = [chunk.choices[0].delta.content or "" async for chunk in stream]
    assert "".join(said) == " Hello from the tiny test model today."
    Slow.gates[0].clear()
    texts = []
    async with ollama.AsyncClient(router.url) as native:
        async for part in await native.chat("tiny", messages=HI, stream=True):
            texts.append(part.message.content)
            Slow.gates[0].set()
    assert "".join(text or "" for text in texts) == " Hello from the tiny test model today."
    assert texts[0] == ""


async def test_a_stream_that_says_enough_has_none(double: OllamaDouble, tmp_path: Path) -> None:
    """Where something comes in time, nothing is added; 0 switches signs of life off."""
    for beat in ("10s", "0s"):
        Slow.gates = (asyncio.Event(), asyncio.Event())
        for gate in Slow.gates:
            asyncio.get_running_loop().call_later(0.1, gate.set)
        more = f'[plugins.slow]\nuse = "{__name__}:Slow"\n{BEAT.replace("50ms", beat)}'
        async with routing(toml_for(double.url, "slow", more), tmp_path) as running:
            headers, lines = await read(running, "/v1/completions", {"model": "tiny", "prompt": ""})
        assert headers["x-localai-queue"] == "waited=1.0"
        assert not any(is_beat(line) for line in lines)


def _text(lines: Any) -> str:
    said = ""
    for line in lines:
        data = line.removeprefix("data: ")
        if data == "[DONE]":
            continue
        part = msgspec.json.decode(data)
        if "choices" in part:
            choice = part["choices"][0]
            said += choice["text"] if "text" in choice else choice["delta"].get("content") or ""
        else:
            said += part.get("response") or part.get("message", {}).get("content", "")
    return said
