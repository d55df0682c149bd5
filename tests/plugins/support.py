"""Calls, callers and models for the tests of plugins."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from localai import Call, Chunk, Chunks, Connection, Handler, Message, Principal, hookimpl
from tests.support import Router, routing

HELLO = (
    Chunk(content="Hel", model="llama3.2"),
    Chunk(content="lo", model="llama3.2"),
    Chunk(done=True, done_reason="stop", model="llama3.2", prompt_eval_count=5, eval_count=2),
)
"""An answer in three pieces."""


def a_call(**changes: Any) -> Call:
    """Return a chat call, with these fields changed; its `headers` are its own."""
    fields: dict[str, Any] = {
        "kind": "chat",
        "model": "llama3.2",
        "stream": True,
        "dialect": "ollama",
        "request_id": "test",
        "principal": Principal(id="someone"),
        "messages": (Message(role="user", content="Hello"),),
    }
    return Call(**(fields | changes))


async def all_of(handler: Handler, call: Call) -> list[Chunk]:
    """Return the chunks of a whole answer."""
    async with aclosing(handler(call)) as chunks:
        return [chunk async for chunk in chunks]


class Model:
    """Stands for Ollama: keeps its calls, says its chunks, and then fails if it has a failure.

    With a `gate`, all but the first chunk wait for that.
    """

    def __init__(self, *chunks: Chunk, failure: Exception | None = None) -> None:
        self.chunks = chunks
        self.failure = failure
        self.calls: list[Call] = []
        self.gate: asyncio.Event | None = None
        self.closed = 0
        """How many answers have ended, however they did."""

    async def infer(self, call: Call) -> Chunks:
        """Answer a call."""
        self.calls.append(call)
        try:
            for number, chunk in enumerate(self.chunks):
                if number and self.gate is not None:
                    await self.gate.wait()
                yield chunk
            if self.failure is not None:
                raise self.failure
        finally:
            self.closed += 1


class Endless:
    """A plugin that answers by one chunk and then never goes on."""

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Answer without the model."""

        async def endless(call: Call) -> Chunks:
            yield Chunk(content="Well", model=call.model)
            await asyncio.Event().wait()

        return endless


ENDLESS = f'[plugins.endless]\nuse = "{__name__}:Endless"\n'


def connecting(client: str = "127.0.0.1", **headers: str) -> Connection:
    """Return a connection from an address; `_` in the names of headers stands for `-`."""
    raw = {"host": "localhost"} | {name.replace("_", "-"): value for name, value in headers.items()}
    return Connection(
        {
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in raw.items()],
            "client": (client, 50_000),
            "method": "POST",
            "path": "/api/chat",
        }
    )


@asynccontextmanager
async def serving(
    folder: Path, chain: str, more: str = "", **headers: str
) -> AsyncIterator[tuple[Router, httpx.AsyncClient]]:
    """Run a router in front of the embedded engine; yield it and a client with these headers.

    `chain` is a list of names, `more` is the rest of the file.
    """
    names = ", ".join(f'"{name}"' for name in chain.split())
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    toml = f'{more}\n[ollama]\nembedded = "always"\n[chain]\nplugins = [{names}]\n'
    async with (
        routing(toml, folder) as router,
        httpx.AsyncClient(base_url=router.url, headers=sent, trust_env=False, timeout=30) as client,
    ):
        yield router, client


def asking(text: str = "Hello", **more: Any) -> dict[str, Any]:
    """Return the body of a chat with the embedded engine, for either wire format."""
    messages = [{"role": "user", "content": text}]
    return {"model": "localai-guide", "messages": messages, "stream": False} | more


async def leaves(client: httpx.AsyncClient, router: Router, **more: Any) -> None:
    """Begin a streamed chat, leave after its first line, and wait until the router has ended it."""
    body = asking(stream=True, **more)
    async with client.stream("POST", "/api/chat", json=body) as answer:
        await anext(answer.aiter_lines())
    async with asyncio.timeout(30):
        await router.gateway.current.idle()
