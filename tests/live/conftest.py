"""The same contract, held by the double in every run and by a real Ollama where there is one."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.double import OllamaDouble
from tests.support import routing, toml_for


@dataclass
class Served:
    """An Ollama, a router in front of it, and models that are there."""

    ollama: str
    router: str
    chat: str
    embed: str | None


@pytest.fixture(params=["double", pytest.param("live", marks=pytest.mark.live)])
async def served(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Served]:
    """A router in front of the double, or of the Ollama at OLLAMA_HOST."""
    if request.param == "double":
        async with OllamaDouble() as double, routing(toml_for(double.url), tmp_path) as router:
            yield Served(double.url, router.url, "tiny:latest", "tiny-embed:latest")
        return
    host = os.environ["OLLAMA_HOST"]
    url = host if "://" in host else f"http://{host}"
    chat, embed = await _models(url)
    async with routing(toml_for(url), tmp_path) as router:
        yield Served(url, router.url, chat, embed)


async def _models(url: str) -> tuple[str, str | None]:
    """Return the smallest chat model and the smallest embedding model of a real Ollama."""
    async with httpx.AsyncClient(base_url=url) as client:
        models = (await client.get("/api/tags")).json()["models"]
    local = [model for model in models if not model.get("remote_host")]
    local.sort(key=lambda model: model["size"])
    chats = [m["name"] for m in local if "completion" in m.get("capabilities", ["completion"])]
    embeds = [m["name"] for m in local if "embedding" in m.get("capabilities", [])]
    assert chats, f"{url} has no chat model: ollama pull llama3.2:1b"
    return chats[0], embeds[0] if embeds else None
