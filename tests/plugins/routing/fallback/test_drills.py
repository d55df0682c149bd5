"""Retries and other models over real sockets, in front of an Ollama with faults."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.double import Fault, Model, OllamaDouble, Script, faults
from tests.support import routing, toml_for

WIRES = [
    (path, stream) for path in ("/api/chat", "/v1/chat/completions") for stream in (True, False)
]
SETTINGS = """
[plugins.routing.fallback]
backoff = "1ms"
chains = { "big" = { busy = ["tiny"], timeout = ["tiny"], context = ["long"] } }
"""
CLOCKS = """
first_token_timeout = "100ms"
token_timeout = "100ms"
load_timeout = "5s"
total_timeout = "300ms"
"""


@pytest.fixture(params=WIRES, ids=lambda wire: f"{wire[0]}-{'streamed' if wire[1] else 'plain'}")
def wire(request: pytest.FixtureRequest) -> Any:
    """Each wire format, streamed and plain."""
    return request.param


@asynccontextmanager
async def serving(
    folder: Path, clocks: str = ""
) -> AsyncIterator[tuple[OllamaDouble, httpx.AsyncClient]]:
    """Run a router in front of a double; yield that and a client."""
    models = [Model(name=name) for name in ("big", "tiny", "long")]
    async with OllamaDouble(models, num_parallel=4) as double:
        toml = toml_for(double.url, "routing.fallback", SETTINGS)
        toml = toml.replace('embedded = "never"', f'embedded = "never"\n{clocks}')
        async with (
            routing(toml, folder) as router,
            httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=20) as client,
        ):
            yield double, client


async def ask(client: httpx.AsyncClient, wire: tuple[str, bool]) -> httpx.Response:
    """Ask the big model."""
    path, stream = wire
    return await client.post(path, json=body_of(stream=stream))


def body_of(*, stream: bool) -> dict[str, Any]:
    """Return a request's body, for either wire format."""
    messages = [{"role": "user", "content": "Hello"}]
    return {"model": "big", "messages": messages, "stream": stream}


def asked(double: OllamaDouble) -> list[str]:
    """Return the models that were asked to chat, in order."""
    return [each.json["model"] for each in double.received if each.path == "/api/chat"]


def ends_well(answer: httpx.Response) -> bool:
    """Say whether an answer is whole."""
    text = answer.text
    return answer.status_code == 200 and " tiny test model today." in _content(text)


def _content(text: str) -> str:
    said = ""
    for line in text.splitlines():
        data = line.removeprefix("data: ").strip()
        if not data or data == "[DONE]":
            continue
        found = json.loads(data)
        for choice in found.get("choices", ()):
            said += choice.get("delta", choice.get("message", {})).get("content") or ""
        said += (found.get("message") or {}).get("content", "")
    return said


@pytest.mark.parametrize(
    "fault",
    [faults.runner_gone(), faults.busy(), faults.Reset(None)],
    ids=["crash", "busy", "reset"],
)
async def test_a_fault_before_the_answer_is_mended_unseen(
    tmp_path: Path, wire: tuple[str, bool], fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client gets the answer of the second try, and nothing of the first."""
    monkeypatch.setattr("core.failures.BUSY_RETRY", 0.001)
    async with serving(tmp_path) as (double, client):
        double.fail(fault, "/api/chat")
        answer = await ask(client, wire)
        assert ends_well(answer)
        assert "x-localai-fallback" not in answer.headers
        assert asked(double) == ["big", "big"]


async def test_a_full_queue_is_answered_by_another_model(
    tmp_path: Path, wire: tuple[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When Ollama wants a longer wait than is allowed, the model for that answers."""
    monkeypatch.setattr("core.failures.BUSY_RETRY", 30.0)
    async with serving(tmp_path) as (double, client):
        double.fail(faults.busy(), "/api/chat")
        answer = await ask(client, wire)
        assert ends_well(answer)
        assert answer.headers["x-localai-fallback"] == "tiny; cause=busy"
        assert answer.headers["x-localai-model"] == "tiny"
        assert asked(double) == ["big", "tiny"]


async def test_a_prompt_that_does_not_fit_goes_to_the_model_for_that(
    tmp_path: Path, wire: tuple[str, bool]
) -> None:
    """The runner's own word counts, as no estimate is exact."""
    async with serving(tmp_path) as (double, client):
        double.fail(faults.context_overflow(), "/api/chat")
        answer = await ask(client, wire)
        assert ends_well(answer)
        assert answer.headers["x-localai-fallback"] == "long; cause=context"


async def test_a_model_that_hangs_is_given_up_for_another(
    tmp_path: Path, wire: tuple[str, bool]
) -> None:
    """The clocks end the wait; the same model is not asked to hang again."""
    async with serving(tmp_path, CLOCKS) as (double, client):
        assert (await ask(client, wire)).status_code == 200  # it is loaded now
        double.fail(faults.Stall(), "/api/chat")
        answer = await ask(client, wire)
        assert ends_well(answer)
        assert answer.headers["x-localai-fallback"] == "tiny; cause=timeout"
        assert asked(double) == ["big", "big", "tiny"]


@pytest.mark.parametrize(
    "fault",
    [faults.Reset(2), faults.ErrorLine(2), faults.EndWithoutDone(2)],
    ids=["reset", "runner", "cut"],
)
@pytest.mark.parametrize("path", ["/api/chat", "/v1/chat/completions"])
async def test_a_stream_that_breaks_ends_with_an_error_event(
    tmp_path: Path, path: str, fault: Fault
) -> None:
    """After the first word nothing is asked again: the client sees what it got and the failure."""
    async with serving(tmp_path) as (double, client):
        gate = asyncio.Event()
        double.script(Script(gate=gate, gate_at=2, fault=fault))
        text = ""
        async with client.stream("POST", path, json=body_of(stream=True)) as answer:
            assert answer.status_code == 200
            async for piece in answer.aiter_text():
                text += piece
                if _content(text):
                    gate.set()  # a reset takes with it what has not been read yet
        assert _content(text) in (" Hello", " Hello from")
        assert '"error"' in text.strip().splitlines()[-1]
        assert "[DONE]" not in text
        assert asked(double) == ["big"]


async def test_a_slow_load_is_no_failure(tmp_path: Path, wire: tuple[str, bool]) -> None:
    """Nothing is asked again while the model loads."""
    async with serving(tmp_path) as (double, client):
        gate = asyncio.Event()
        double.add(Model(name="big", load_gate=gate))
        request = asyncio.create_task(ask(client, wire))
        await double.wait_for(1)
        gate.set()
        answer = await request
        assert ends_well(answer)
        assert asked(double) == ["big"]
        assert double.loads == 1


async def test_a_lasting_failure_is_told_as_it_is(tmp_path: Path, wire: tuple[str, bool]) -> None:
    """After three tries the client gets Ollama's own failure, in its own format."""
    async with serving(tmp_path) as (double, client):
        for _ in range(3):
            double.fail(faults.runner_gone(), "/api/chat")
        answer = await ask(client, wire)
        assert answer.status_code == 500
        error = answer.json()["error"]
        text = error if wire[0] == "/api/chat" else error["message"]
        assert "model runner has unexpectedly stopped" in text
        assert asked(double) == ["big"] * 3
