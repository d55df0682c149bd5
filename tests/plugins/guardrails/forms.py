"""One question in each form that a router takes it in: what holds for one must hold for all."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.double import OllamaDouble, Script
from tests.support import Router, routing, toml_for

MODEL = "tiny"


@dataclass(frozen=True, slots=True)
class Form:
    """A wire format, a kind of call, streamed or plain."""

    path: str
    stream: bool

    def __str__(self) -> str:
        return f"{self.path.strip('/').replace('/', '-')}-{'stream' if self.stream else 'plain'}"

    @property
    def is_openai(self) -> bool:
        """Whether it is OpenAI's format."""
        return self.path.startswith("/v1/")

    @property
    def is_chat(self) -> bool:
        """Whether it is a conversation; else it is one prompt."""
        return "chat" in self.path

    def body(self, prompt: str, system: str = "", **more: Any) -> dict[str, Any]:
        """Return a request's body; OpenAI's completions have no place for a `system`."""
        body: dict[str, Any] = {"model": MODEL, "stream": self.stream} | more
        if not self.is_chat:
            body["prompt"] = prompt
            if system and not self.is_openai:
                body["system"] = system
            return body
        messages = [{"role": "system", "content": system}] if system else []
        body.setdefault("messages", [*messages, {"role": "user", "content": prompt}])
        return body


FORMS = [
    Form(path, stream)
    for path in ("/v1/chat/completions", "/v1/completions", "/api/chat", "/api/generate")
    for stream in (False, True)
]
CHATS = [form for form in FORMS if form.is_chat]


@dataclass(slots=True)
class Answer:
    """What came back, whichever form it had."""

    status: int
    headers: httpx.Headers
    raw: str
    text: str = ""
    thinking: str = ""
    arguments: list[dict[str, Any]] = field(default_factory=list)
    """Of the tool calls."""
    finish: str = ""
    error: str = ""
    pieces: list[str] = field(default_factory=list)
    """The text as it came, piece by piece."""


async def ask(client: httpx.AsyncClient, form: Form, prompt: str = "Hi", **more: Any) -> Answer:
    """Ask in a form; return what came."""
    response = await client.post(form.path, json=form.body(prompt, **more))
    answer = Answer(response.status_code, response.headers, response.text)
    lines = response.text.splitlines() if form.stream else [response.text]
    for line in lines:
        line = line.removeprefix("data: ")
        if line and line != "[DONE]":
            _read(answer, json.loads(line), form)
    return answer


def _read(answer: Answer, said: dict[str, Any], form: Form) -> None:
    if error := said.get("error"):
        answer.error = error["message"] if form.is_openai else error
        return
    if form.is_openai:
        for choice in said["choices"]:
            answer.finish = choice["finish_reason"] or answer.finish
            message = (
                choice.get("message") or choice.get("delta") or {"content": choice.get("text")}
            )
            _add(answer, message, message.get("reasoning"))
    else:
        message = said.get("message") or {"content": said.get("response")}
        _add(answer, message, message.get("thinking") or said.get("thinking"))
        answer.finish = said.get("done_reason") or answer.finish


def _add(answer: Answer, message: dict[str, Any], thinking: str | None) -> None:
    if text := message.get("content"):
        answer.text += text
        answer.pieces.append(text)
    answer.thinking += thinking or ""
    for call in message.get("tool_calls") or ():
        arguments = call["function"]["arguments"]
        answer.arguments.append(json.loads(arguments) if isinstance(arguments, str) else arguments)


@asynccontextmanager
async def guarded(
    folder: Path, chain: str, more: str = "", beside: str = ""
) -> AsyncIterator[tuple[httpx.AsyncClient, OllamaDouble, Router]]:
    """Run a router with these plugins in front of a double."""
    async with (
        OllamaDouble() as double,
        routing(toml_for(double.url, chain, more, beside), folder) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=30) as client,
    ):
        yield client, double, router


def says(double: OllamaDouble, tokens: Sequence[str], **more: Any) -> None:
    """Have the model say these tokens to every request from now on."""
    double.answer = lambda received: Script(tokens=tokens, **more)


def tokens_of(text: str, size: int = 3) -> list[str]:
    """Cut a text into pieces."""
    return [text[at : at + size] for at in range(0, len(text), size)]
