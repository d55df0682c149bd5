"""A router over real sockets, for tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from core.config import parse
from core.gateway import Gateway
from core.server import Server, started


@dataclass
class Router:
    """A router that serves in this event loop, from a settings file that a test may change."""

    server: Server
    file: Path
    task: asyncio.Task[None]

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.server.url

    @property
    def gateway(self) -> Gateway:
        """Its inside."""
        return self.server.gateway

    async def change(self, old: str, new: str) -> int:
        """Edit the settings file, wait until the router has taken it; return its generation."""
        text = self.file.read_text()
        assert old in text
        gateway = self.gateway
        async with gateway.reloaded:
            self.file.write_text(text.replace(old, new))
            async with asyncio.timeout(30):
                await gateway.reloaded.wait()
        return gateway.generation


@asynccontextmanager
async def routing(toml: str, folder: Path) -> AsyncIterator[Router]:
    """Run a router on a free port with these settings."""
    file = folder / "localai.toml"
    if "[server]" not in toml:
        toml += "\n[server]\nport = 0\ndrain_timeout = 0.5\n"
    file.write_text(toml)
    async with started(parse(toml, file)) as server:
        task = asyncio.create_task(server.serve(sockets=[server.socket]))
        try:
            yield Router(server, file, task)
        finally:
            if not task.done():
                server.leave("the test is over")
            await asyncio.gather(task, return_exceptions=True)


def toml_for(ollama_url: str, chain: str = "", more: str = "", beside: str = "") -> str:
    """Return settings for a router in front of one Ollama; `chain` is a list of names.

    `beside` stands in the chain's table too, `more` is the rest of the file.
    """
    plugins = ", ".join(f'"{name}"' for name in chain.split())
    return f"""
[ollama]
hosts = ["{ollama_url}"]
embedded = "never"

[chain]
plugins = [{plugins}]
{beside}

{more}
"""
