"""Nothing that was said, and no key, is in logs, figures, spans, tables or reports."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.core.cli.support import serving
from tests.double import OllamaDouble
from tests.double.faults import Status
from tests.double.script import Script
from tests.servers.otlp import Collector, collecting

CANARY = "canary-7f3a"
"""Part of every text, name of a header, key and argument that a request or an answer has."""
KEY = f"{CANARY}-key-0123456789"
CHAIN = (
    '["metrics", "metrics.traces", "auth", "guardrails", "routing", "cache", "routing.fallback", '
    '"routing.context", "routing.queue"]'
)
TOOL = {
    "type": "function",
    "function": {
        "name": "look_up",
        "description": f"{CANARY} tool",
        "parameters": {"type": "object", "properties": {CANARY: {"type": "string"}}},
    },
}
CALL = {"function": {"name": "look_up", "arguments": {CANARY: f"{CANARY} argument"}}}
SAYS = Script(
    tokens=(f" {CANARY}", " says", " the", f" {CANARY}"),
    thinking=(f"{CANARY} thinks",),
    tool_calls=({"name": "look_up", "arguments": {CANARY: f"{CANARY} argument"}},),
)


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector of traces."""
    with collecting() as running:
        yield running


def _bodies() -> Iterator[tuple[str, Any]]:
    """Yield every endpoint that takes texts, with a request for it."""
    turns: list[dict[str, Any]] = [
        {"role": "system", "content": f"{CANARY} system"},
        {"role": "user", "content": f"{CANARY} user"},
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "content": f"{CANARY} result", "tool_name": "look_up"},
        {"role": "user", "content": f"{CANARY} and my card is 4111 1111 1111 1111"},
    ]
    openai = [
        each | {"tool_calls": [CALL | {"id": "call_1", "type": "function"}]}
        if "tool_calls" in each
        else each
        for each in turns
    ]
    for each in openai:
        if each.get("role") == "tool":
            each |= {"tool_call_id": "call_1"}
    for call in openai[2].get("tool_calls", ()):
        call["function"] = {"name": "look_up", "arguments": f'{{"x": "{CANARY}"}}'}
    for stream in (True, False):
        more: dict[str, Any] = {"model": "tiny-think", "stream": stream}
        yield "/api/chat", more | {"messages": turns, "tools": [TOOL], "think": True}
        yield "/api/generate", more | {"prompt": f"{CANARY} prompt", "system": CANARY}
        yield (
            "/v1/chat/completions",
            more | {"messages": openai, "tools": [TOOL], "user": f"{CANARY}-user"},
        )
        yield "/v1/completions", more | {"prompt": f"{CANARY} prompt"}
        # Refused, each in another place: too long, of a wrong type, unknown, no JSON at all.
        yield "/api/chat", more | {"messages": [{"role": "user", "content": CANARY * 5000}]}
        yield "/v1/chat/completions", more | {"messages": [{"role": CANARY, "content": CANARY}]}
        yield "/v1/chat/completions", more | {"messages": CANARY, CANARY: CANARY}
        yield "/api/generate", more | {"prompt": {CANARY: CANARY}}
        yield "/api/chat", f'{{"model": "tiny-think", "messages": "{CANARY}'
    yield "/api/embed", {"model": "tiny-embed", "input": [f"{CANARY} text"]}
    yield "/api/embeddings", {"model": "tiny-embed", "prompt": f"{CANARY} text"}
    yield "/v1/embeddings", {"model": "tiny-embed", "input": f"{CANARY} text"}
    yield "/v1/moderations", {"input": f"{CANARY} text"}


async def _ask_everything(client: httpx.AsyncClient) -> set[int]:
    """Send all requests with a good and a bad key, and one that is left; return the statuses."""
    statuses = set()
    said = {"x-custom": CANARY, "user-agent": CANARY, "cookie": f"a={CANARY}", "referer": CANARY}
    for path, body in _bodies():
        content = {"content": body} if isinstance(body, str) else {"json": body}
        for key in (KEY, f"{KEY}-bad"):
            headers = said | {"authorization": f"Bearer {key}", "content-type": "application/json"}
            # A query is no part of a path, and is never written.
            answer = await client.post(f"{path}?q={CANARY}", headers=headers, **content)
            statuses.add(answer.status_code)
    body = {"model": "tiny-think", "messages": [{"role": "user", "content": f"{CANARY} left"}]}
    headers = said | {"authorization": f"Bearer {KEY}"}
    async with client.stream("POST", "/api/chat", json=body, headers=headers) as stream:
        async for _ in stream.aiter_lines():
            break
    return statuses


def _tables(folder: Path) -> dict[str, bytes]:
    """Return all that was written to the database, journals too."""
    return {each.name: each.read_bytes() for each in folder.rglob("*.db*") if each.is_file()}


@pytest.mark.parametrize("form", ["json", pytest.param("console", marks=pytest.mark.nightly)])
async def test_nothing_that_was_said_is_kept_anywhere(
    tmp_path: Path, form: str, collector: Collector
) -> None:
    """With all plugins on and every level written, the canary leaves only in answers."""
    async with OllamaDouble() as double:
        double.answer = lambda received: SAYS
        file = tmp_path / "localai.toml"
        file.write_text(
            f'[ollama]\nhosts = ["{double.url}"]\nembedded = "never"\n[server]\nport = 0\n'
            f'[log]\nformat = "{form}"\nlevel = "debug"\n[chain]\nplugins = {CHAIN}\n'
            f'[plugins.auth.static]\nkeys = [{{ name = "me", key = "{KEY}", scopes = ["*"] }}]\n'
            f'[plugins.metrics.traces]\nendpoint = "{collector.url}"\ninterval = "200ms"\n'
            "[plugins.guardrails.audit]\ndatabase = true\n"
        )
        async with serving("-c", file, "serve") as router:
            found = re.search(r"http://127\.0\.0\.1:\d+", await router.line_with("ready"))
            assert found is not None
            async with httpx.AsyncClient(base_url=found[0], trust_env=False, timeout=30) as client:
                statuses = await _ask_everything(client)
                reader = {"authorization": f"Bearer {KEY}"}
                for _ in range(4):
                    double.fail(Status(500, f"{CANARY} of Ollama"))
                for path, body in list(_bodies())[:4]:
                    statuses.add((await client.post(path, json=body, headers=reader)).status_code)
                figures = await client.get("/metrics", headers=reader)
                reports = [
                    (await client.get(path, headers=reader)).text
                    for path in ("/admin/usage", "/v1/usage", "/admin/report", "/admin/queue")
                ]
            router.process.terminate()
            await router.line_with("stopped")
    assert {200, 400, 401} <= statuses
    assert any(CANARY in received.body.decode() for received in double.received)
    written = "".join(router.said)
    assert written.count("/v1/chat/completions") > 10
    spans = collector.spans
    assert {"POST /api/chat", "POST /v1/embeddings"} <= {span.name for span in spans}
    tables = _tables(tmp_path)
    assert tables
    kept = {"log": written, "figures": figures.text, "reports": "".join(reports)}
    assert [name for name, text in kept.items() if CANARY in text] == []
    assert CANARY.encode() not in collector.raw
    assert [name for name, data in tables.items() if CANARY.encode() in data] == []
