"""Personal data and secrets, over HTTP, in both wire formats."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import structlog

from tests.double import OllamaDouble, Script
from tests.plugins.guardrails.pii.support import CARD, EMAIL, SECRET
from tests.support import routing, toml_for

PATHS = ("/api/chat", "/api/generate", "/v1/chat/completions", "/v1/completions")
WAYS = [(path, stream) for path in PATHS for stream in (True, False)]
PII = """
[plugins.pii]
use = "plugins.guardrails.pii.plugin:Pii"
input = { email = "pseudonymise", secret_github = "block" }
output = { card = "redact", email = "redact", us_ssn = "block" }
"""


def body(path: str, text: str, stream: bool) -> dict[str, Any]:
    """Return the body of a request for an answer to a text."""
    asked: dict[str, Any] = {"model": "tiny", "stream": stream}
    if "chat" in path:
        return asked | {"messages": [{"role": "user", "content": text}]}
    return asked | {"prompt": text}


def events(answer: httpx.Response) -> list[dict[str, Any]]:
    """Return the objects of an answer, whichever way it came."""
    lines = [line.removeprefix("data: ") for line in answer.text.splitlines()]
    return [json.loads(line) for line in lines if line and line != "[DONE]"]


def said(answer: httpx.Response) -> str:
    """Return the text of an answer."""
    parts = []
    for event in events(answer):
        for choice in event.get("choices", [event]):
            message = choice.get("delta") or choice.get("message") or choice
            text = message.get("content") or message.get("response") or message.get("text") or ""
            parts.append(text)
    return "".join(parts)


def called(answer: httpx.Response) -> Any:
    """Return the arguments of the one call of a tool in an answer."""
    (call,) = [
        call
        for event in events(answer)
        for choice in event.get("choices", [event])
        for call in (choice.get("delta") or choice.get("message") or {}).get("tool_calls", ())
    ]
    given = call["function"]["arguments"]
    return json.loads(given) if isinstance(given, str) else given


def finish(answer: httpx.Response) -> str:
    """Return why an answer ended."""
    last = [
        choice.get("finish_reason") or choice.get("done_reason")
        for event in events(answer)
        for choice in event.get("choices", [event])
    ]
    return str([reason for reason in last if reason][-1])


@asynccontextmanager
async def serving(
    double: OllamaDouble, folder: Path, chain: str = "pii"
) -> AsyncIterator[httpx.AsyncClient]:
    """Run a router with the plugin; yield a client."""
    async with (
        routing(toml_for(double.url, chain, PII), folder) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False) as http,
    ):
        yield http


def asked_of(double: OllamaDouble) -> list[bytes]:
    """Return the bodies that reached a model."""
    paths = ("/api/chat", "/api/generate", "/api/embed")
    return [each.body for each in double.received if each.path in paths]


async def test_each_endpoint(double: OllamaDouble, tmp_path: Path) -> None:
    """At each endpoint values go as placeholders, come back, and what is made up is taken out."""
    tokens = ["Dear <EM", "AIL", "_1>, not ben@exam", "ple.org, ", "pay 4111 1111", " 1111 1111."]
    async with serving(double, tmp_path) as http:
        for path, stream in WAYS:
            double.script(Script(tokens=tokens))
            answer = await http.post(path, json=body(path, f"I am {EMAIL}", stream))
            assert answer.status_code == 200, (path, answer.text)
            assert said(answer) == f"Dear {EMAIL}, not [EMAIL], pay [CARD].", (path, stream)
    asked = asked_of(double)
    assert len(asked) == len(WAYS)
    assert all(b"EMAIL_1" in each and EMAIL.encode() not in each for each in asked)


async def test_blocked_answers(double: OllamaDouble, tmp_path: Path) -> None:
    """At each endpoint a blocked answer ends as filtered, with nothing of what was found."""
    async with serving(double, tmp_path) as http:
        for path, stream in WAYS:
            double.script(Script(tokens=["It is 536-9", "0-4399", ", as you know."]))
            answer = await http.post(path, json=body(path, "What is it?", stream))
            before = "It is " if stream else ""
            assert said(answer) == f"{before}[Output filtered for security]", (path, stream)
            assert finish(answer) == "content_filter", (path, stream)
            assert "536-" not in answer.text
            assert "-4399" not in answer.text


async def test_blocked_requests(double: OllamaDouble, tmp_path: Path) -> None:
    """At each endpoint the refusal is a 400 that names place and entity; no value is anywhere."""
    with structlog.testing.capture_logs() as logs:
        async with serving(double, tmp_path, "metrics pii") as http:
            answers = [
                await http.post(path, json=body(path, f"{EMAIL} has {SECRET}", stream))
                for path, stream in WAYS
            ]
            metrics = (await http.get("/metrics")).text
    for (path, stream), answer in zip(WAYS, answers, strict=True):
        assert answer.status_code == 400, (path, stream)
        assert "secret_github" in answer.text
        assert ("messages[0].content" if "chat" in path else "prompt") in answer.text
    said_of = [f"{answer.headers}{answer.text}" for answer in answers]
    for text in (*said_of, repr(logs), metrics):
        assert SECRET not in text
        assert EMAIL not in text
    assert asked_of(double) == []


async def test_arguments_of_tools(double: OllamaDouble, tmp_path: Path) -> None:
    """Arguments get the caller's values back, are filtered, and stay valid JSON."""
    arguments = {"to": "<EMAIL_1>", "cc": "ben@example.org", "card": CARD}
    tool = {"type": "function", "function": {"name": "mail", "parameters": {"type": "object"}}}
    async with serving(double, tmp_path) as http:
        for path, stream in WAYS:
            if "chat" not in path:
                continue
            double.script(Script(tokens=[], tool_calls=[{"name": "mail", "arguments": arguments}]))
            asked = body(path, f"I am {EMAIL}", stream) | {"model": "tiny-tools", "tools": [tool]}
            answer = await http.post(path, json=asked)
            assert answer.status_code == 200, (path, answer.text)
            assert called(answer) == {"to": EMAIL, "cc": "[EMAIL]", "card": "[CARD]"}


async def test_embeddings(double: OllamaDouble, tmp_path: Path) -> None:
    """Inputs of embeddings are treated as other texts are."""
    body = {"model": "tiny-embed", "input": ["Hello", f"I am {EMAIL}"]}
    async with serving(double, tmp_path) as http:
        for path in ("/api/embed", "/v1/embeddings"):
            answer = await http.post(path, json=body)
            assert answer.status_code == 200, (path, answer.text)
    asked = asked_of(double)
    assert len(asked) == 2
    assert all(b"EMAIL_1" in each and EMAIL.encode() not in each for each in asked)
