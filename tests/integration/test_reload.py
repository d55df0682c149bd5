"""Settings change under load, and nobody notices."""

import asyncio
import json
from pathlib import Path

import httpx
from openai import AsyncOpenAI

from core.errors import SettingsError
from tests.double import OllamaDouble, Received, Script
from tests.support import Router, routing, toml_for

STREAMS = 50
RELOADS = 100
"""One in 50 ms, for the 5 s that the streams last."""


async def test_reloads_drop_no_stream(router: Router, double: OllamaDouble) -> None:
    """Fifty open streams come through a hundred reloads whole, each on its own generation."""
    words = [f"w{number} " for number in range(100)]
    double.scheduler.num_parallel = STREAMS
    double.answer = lambda received: Script(tokens=words, pace=0.05)
    client = AsyncOpenAI(base_url=f"{router.url}/v1", api_key="none", max_retries=0)

    async def read() -> str:
        stream = await client.chat.completions.create(
            model="tiny", messages=[{"role": "user", "content": "count"}], stream=True
        )
        text, finished = "", False
        async for event in stream:
            text += event.choices[0].delta.content or ""
            finished = finished or event.choices[0].finish_reason == "stop"
        assert finished
        return text

    async def reload() -> None:
        for number in range(RELOADS):
            await router.gateway.reload(f"test {number}")
            await asyncio.sleep(0.05)  # the rate is the test's subject

    async with client:
        texts, _ = await asyncio.gather(asyncio.gather(*(read() for _ in range(STREAMS))), reload())
    assert set(texts) == {"".join(words)}
    assert router.gateway.generation == RELOADS + 1


async def test_plugins_switch_off_and_on_while_a_stream_runs(
    double: OllamaDouble, tmp_path: Path
) -> None:
    """Editing the file takes effect for the next request, and not for the one that runs."""
    toml = toml_for(
        double.url,
        "metrics auth guardrails routing cache",
        "[plugins.guardrails.input]\nmax_messages = 1\n[plugins.routing.queue]\nslots = 2\n",
    )
    double.scheduler.num_parallel = 2
    gate = asyncio.Event()

    def scripted(received: Received) -> Script:
        waits = "wait" in received.body.decode()
        return Script(gate=gate, gate_at=2) if waits else Script()

    double.answer = scripted
    two = [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]
    async with (
        routing(toml, tmp_path) as router,
        httpx.AsyncClient(base_url=router.url, timeout=10) as client,
        client.stream(
            "POST",
            "/api/chat",
            json={"model": "tiny", "messages": [{"role": "user", "content": "wait"}]},
        ) as running,
    ):
        lines = running.aiter_lines()
        first = await anext(lines)
        refused = await client.post("/api/chat", json={"model": "tiny", "messages": two})
        assert refused.status_code == 400

        generation = await router.change('"guardrails", ', "")
        assert generation == 2
        passed = await client.post("/api/chat", json={"model": "tiny", "messages": two})
        assert passed.status_code == 200

        await router.change('"metrics", ', '"metrics", "guardrails", ')
        refused = await client.post("/api/chat", json={"model": "tiny", "messages": two})
        assert refused.status_code == 400

        everything = '"metrics", "guardrails", "auth", "routing", "cache"'
        await router.change(everything, "")
        # Another model: without routing `tiny` would be loaded in another way, after the stream.
        bare = await client.post("/api/chat", json={"model": "tiny-tools", "messages": two})
        assert bare.status_code == 200
        assert "x-localai-model" not in bare.headers
        await router.change("plugins = []", f"plugins = [{everything}]")
        refused = await client.post("/api/chat", json={"model": "tiny", "messages": two})
        assert refused.status_code == 400

        gate.set()
        rest = [json.loads(line) async for line in lines]
    text = "".join(each["message"]["content"] for each in [json.loads(first), *rest])
    assert text == " Hello from the tiny test model today."
    assert rest[-1]["done"]


async def test_a_bad_file_changes_nothing(router: Router, double: OllamaDouble) -> None:
    """A file with a mistake leaves the old generation serving, and /health says why."""
    try:
        await router.change("[chain]", "[chian]")
    except SettingsError:
        raise AssertionError("the watcher must catch it") from None
    async with httpx.AsyncClient(base_url=router.url) as client:
        health = (await client.get("/health")).json()
        answer = await client.post("/api/generate", json={"model": "tiny", "prompt": "hi"})
    assert health["generation"] == 1
    assert "did you mean 'chain'" in health["reload_error"]
    assert answer.status_code == 200
    assert await router.change("[chian]", "[chain]") == 2
