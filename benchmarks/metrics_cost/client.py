"""Asks a router in the same process: no socket and no server, which cost the same everywhere."""

import asyncio
import json
from typing import Any

from benchmarks.answers import MARK
from core.gateway import Gateway

PATH = "/v1/chat/completions"
_BEGINNING = "You answer in one short paragraph. Why is the sky blue, and red in the evening?"


def chat(tokens: int, *, stream: bool) -> bytes:
    """Return the body of a chat that no cache answers, for an answer with so many tokens."""
    body = {
        "model": f"burst-{tokens}",
        "messages": [{"role": "user", "content": _BEGINNING}],
        "temperature": 0.7,
        "stream": stream,
    }
    return json.dumps(body).encode()


class WrongAnswer(Exception):
    """An answer is no 200, or lacks tokens: what it cost says nothing."""


async def ask(gateway: Gateway, body: bytes, tokens: int) -> None:
    """Send one request and check its answer; raise `WrongAnswer`."""
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", b"127.0.0.1:8000"),
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
        ],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8000),
        "extensions": {},
    }
    bodies = [body]
    status = 0
    found = 0
    last = b""

    async def receive() -> dict[str, Any]:
        if bodies:
            return {"type": "http.request", "body": bodies.pop(), "more_body": False}
        await asyncio.Event().wait()  # the client stays until it has its answer
        raise AssertionError("nobody sets this event")

    async def send(message: Any) -> None:
        nonlocal status, found, last
        if message["type"] == "http.response.start":
            status = message["status"]
        elif message["type"] == "http.response.body":
            last = message.get("body", b"")
            found += last.count(MARK)

    await gateway(scope, receive, send)
    if status != 200 or found != tokens:
        raise WrongAnswer(f"status {status}, {found} of {tokens} tokens: {last[:300]!r}")
