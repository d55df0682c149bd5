"""`POST /api/generate`."""

import json
from typing import Any

import httpx
import pytest

from tests.double import OllamaDouble, Script


async def ask(http: httpx.AsyncClient, **request: Any) -> httpx.Response:
    """Send a prompt to the smallest model unless told otherwise."""
    return await http.post("/api/generate", json={"model": "tiny", "prompt": "Hi", **request})


async def test_a_stream_ends_with_context_and_metrics(http: httpx.AsyncClient) -> None:
    """Tokens stand in `response`, and the last object lists the context before the metrics."""
    answer = await ask(http)
    first, *_, last = [json.loads(line) for line in answer.content.splitlines()]
    assert list(first) == ["model", "created_at", "response", "done"]
    assert list(last) == [
        "model",
        "created_at",
        "response",
        "done",
        "done_reason",
        "context",
        "total_duration",
        "load_duration",
        "prompt_eval_count",
        "prompt_eval_duration",
        "eval_count",
        "eval_duration",
    ]
    assert last["context"] == list(range(1, 10))


async def test_raw_mode_has_no_context(http: httpx.AsyncClient) -> None:
    """A raw answer leaves the context out."""
    assert "context" not in (await ask(http, raw=True, stream=False)).json()


async def test_thinking_stands_after_the_response(
    double: OllamaDouble, http: httpx.AsyncClient
) -> None:
    """A thinking model's plain answer has the thoughts beside the response."""
    double.script(Script(tokens=["4"], thinking=["two and two"]))
    body = (await ask(http, model="tiny-think", stream=False)).json()
    assert list(body)[2:5] == ["response", "thinking", "done"]
    assert (body["response"], body["thinking"]) == ("4", "two and two")


async def test_load_and_unload(double: OllamaDouble, http: httpx.AsyncClient) -> None:
    """Without a prompt a model is loaded, or with `keep_alive` 0 unloaded."""
    load = (await ask(http, prompt="")).json()
    assert (list(load), load["done_reason"]) == (
        ["model", "created_at", "response", "done", "done_reason"],
        "load",
    )
    assert double.loaded
    assert (await ask(http, prompt="", keep_alive=0)).json()["done_reason"] == "unload"
    assert not double.loaded


@pytest.mark.parametrize(
    ("request_", "status", "error"),
    [
        ({"model": ""}, 404, "model '' not found"),
        ({"model": "x y"}, 400, "invalid model name"),
        ({"model": "x"}, 404, "model 'x' not found"),
        ({"model": "tiny-embed"}, 400, '"tiny-embed" does not support generate'),
        (
            {"suffix": "}"},
            400,
            "registry.ollama.ai/library/tiny:latest does not support insert",
        ),
        (
            {"raw": True, "system": "x"},
            400,
            "raw mode does not support template, system, or context",
        ),
        ({"template": "{{ .Prompt"}, 500, "template: :1: unclosed action"),
        ({"think": "high"}, 400, '"tiny" does not support thinking'),
    ],
)
async def test_errors_have_ollamas_text(
    request_: dict[str, Any], status: int, error: str, http: httpx.AsyncClient
) -> None:
    """Each mistake gets its own status and text."""
    answer = await ask(http, **request_)
    assert (answer.status_code, answer.json()) == (status, {"error": error})
