"""Several Ollamas behind one router, with the plugins that know them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from core.gateway import Gateway
from plugins.routing.catalogue.plugin import Catalogue
from plugins.routing.hosts.plugin import Hosts
from tests.double import Model, OllamaDouble
from tests.support import Router, routing

MEMBERS = """
[plugins.catalogue]
use = "plugins.routing.catalogue.plugin:Catalogue"
{catalogue}
[plugins.hosts]
use = "plugins.routing.hosts.plugin:Hosts"
{hosts}
"""


@dataclass
class Fleet:
    """The doubles, the router in front of them, and a client of it."""

    doubles: Sequence[OllamaDouble]
    router: Router
    client: httpx.AsyncClient

    @property
    def gateway(self) -> Gateway:
        """The router's inside."""
        return self.router.gateway

    @property
    def catalogue(self) -> Catalogue:
        """The plugin."""
        found = self.gateway.find(Catalogue)
        assert found is not None
        return found

    @property
    def hosts(self) -> Hosts:
        """The plugin."""
        found = self.gateway.find(Hosts)
        assert found is not None
        return found


@asynccontextmanager
async def fleet(
    folder: Path,
    *models: Sequence[Model],
    catalogue: str = "",
    hosts: str = "",
    more: str = "",
    chain: str = "",
) -> AsyncIterator[Fleet]:
    """Run a double for each list of models, and a router with the two plugins."""
    async with AsyncExitStack() as stack:
        doubles = [await stack.enter_async_context(OllamaDouble(each)) for each in models]
        urls = ", ".join(f'"{double.url}"' for double in doubles)
        names = ", ".join(f'"{name}"' for name in f"hosts catalogue {chain}".split())
        toml = (
            f'[ollama]\nhosts = [{urls}]\nembedded = "never"\n[chain]\nplugins = [{names}]\n'
            + MEMBERS.format(catalogue=catalogue, hosts=hosts)
            + more
        )
        router = await stack.enter_async_context(routing(toml, folder))
        client = httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=30)
        yield Fleet(doubles, router, await stack.enter_async_context(client))


async def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait until something is so, which no event tells."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
