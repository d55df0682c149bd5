"""Questions over HTTP, in both wire formats, to a router with one plugin in front of the double."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.double import OllamaDouble
from tests.support import routing, toml_for

PATHS = ("/api/chat", "/api/generate", "/v1/chat/completions", "/v1/completions")
WAYS = [(path, stream) for path in PATHS for stream in (True, False)]


@dataclass(frozen=True)
class Answer:
    """What a client got."""

    text: str
    finish: str
    body: str


async def ask(
    double: OllamaDouble, folder: Path, plugin: str, path: str, stream: bool, system: str = ""
) -> Answer:
    """Ask the double for what it was scripted to say; `plugin` is the plugin's table."""
    asked: dict[str, Any] = {"model": "tiny", "stream": stream}
    if "chat" in path:
        turns = [{"role": "system", "content": system}] if system else []
        asked["messages"] = [*turns, {"role": "user", "content": "Hello"}]
    else:
        asked["prompt"] = "Hello"
        if system:
            asked["system"] = system
    async with (
        routing(toml_for(double.url, "guard", f"[plugins.guard]\n{plugin}"), folder) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False) as http,
    ):
        answer = await http.post(path, json=asked)
    assert answer.status_code == 200, answer.text
    lines = [line.removeprefix("data: ") for line in answer.text.splitlines()]
    events = [json.loads(line) for line in lines if line and line != "[DONE]"]
    choices = [choice for event in events for choice in event.get("choices", [event])]
    reasons = [each.get("finish_reason") or each.get("done_reason") for each in choices]
    return Answer(
        text="".join(map(_text, choices)),
        finish=str([reason for reason in reasons if reason][-1]),
        body=answer.text,
    )


def _text(choice: dict[str, Any]) -> str:
    said = choice.get("delta") or choice.get("message") or choice
    return said.get("content") or said.get("response") or said.get("text") or ""
