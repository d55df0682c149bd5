"""A router with a queue in front of one or more doubles."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from plugins.routing.catalogue.plugin import Catalogue
from plugins.routing.queue.desk import Desk
from plugins.routing.queue.plugin import Queue
from tests.double import Model, OllamaDouble, Script
from tests.plugins.routing.fleet import until
from tests.support import Router, routing

CHAIN = '"routing.hosts", "routing.catalogue", "routing.estimate", "routing.queue"'

SECRET, OTHER = "a-secret-of-32-characters-or-more", "b-secret-of-32-characters-or-more"
CHAIN_WITH_KEY = (
    '"auth.static", "routing.hosts", "routing.catalogue", "routing.estimate", "routing.queue"'
)
KEY = f'[plugins.auth.static]\nkeys = [{{ name = "me", key = "{SECRET}", scopes = ["chat"] }}]'
KEYS = f'''
[[plugins.auth.static.keys]]
name = "me"
key = "{SECRET}"
scopes = ["chat"]
[[plugins.auth.static.keys]]
name = "other"
key = "{OTHER}"
scopes = ["chat"]
'''


@dataclass
class Box:
    """The doubles, the router in front of them, and a client of it."""

    doubles: Sequence[OllamaDouble]
    router: Router
    client: httpx.AsyncClient

    @property
    def double(self) -> OllamaDouble:
        """The first double."""
        return self.doubles[0]

    @property
    def queue(self) -> Queue:
        """The plugin."""
        found = self.router.gateway.find(Queue)
        assert found is not None
        return found

    @property
    def desk(self) -> Desk:
        """All queues."""
        return self.queue._desk

    @property
    def catalogue(self) -> Catalogue:
        """The plugin."""
        found = self.router.gateway.find(Catalogue)
        assert found is not None
        return found

    async def ask(self, model: str = "tiny", **more: Any) -> httpx.Response:
        """Send a plain chat; `headers` are the request's."""
        headers = more.pop("headers", {})
        body = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
        answer = await self.client.post(
            "/api/chat", json=body | {"stream": False} | more, headers=headers
        )
        return answer

    def asking(self, model: str = "tiny", **more: Any) -> "asyncio.Task[httpx.Response]":
        """Begin to send a plain chat."""
        return asyncio.create_task(self.ask(model, **more))

    async def waiting(self, count: int) -> None:
        """Wait until so many requests wait in all queues."""
        await until(lambda: self.desk.outlooks.waiting == count)

    async def running(self, count: int) -> None:
        """Wait until so many requests hold a slot."""
        await until(lambda: self.taken == count)

    @property
    def taken(self) -> int:
        """How many slots are taken, on all hosts."""
        return sum(line.running for line in self.desk.outlooks.lines.values())


@asynccontextmanager
async def box(
    folder: Path,
    *doubles: OllamaDouble,
    queue: str = "",
    catalogue: str = "",
    more: str = "",
    chain: str = CHAIN,
) -> AsyncIterator[Box]:
    """Run doubles and a router with these settings; `URL` in them is the first double's."""
    async with AsyncExitStack() as stack:
        for double in doubles:
            await stack.enter_async_context(double)
        urls = ", ".join(f'"{double.url}"' for double in doubles)
        toml = f"""
[ollama]
hosts = [{urls}]
embedded = "never"
[chain]
plugins = [{chain}]
[plugins.routing.catalogue]
{catalogue.replace("URL", doubles[0].url)}
[plugins.routing.queue]
{queue.replace("URL", doubles[0].url)}
{more}
"""
        router = await stack.enter_async_context(routing(toml, folder))
        client = httpx.AsyncClient(
            base_url=router.url, trust_env=False, timeout=30, limits=httpx.Limits()
        )
        made = Box(doubles, router, await stack.enter_async_context(client))
        await made.catalogue.ready()
        yield made


def gated(double: OllamaDouble) -> asyncio.Event:
    """Have all answers of a double wait for what is returned."""
    gate = asyncio.Event()
    double.answer = lambda received: Script(gate=gate)
    return gate


def models(*names: str, **more: Any) -> list[Model]:
    """Return models by their names."""
    return [Model(name=name, **more) for name in names]
