"""A router that chooses among models of the double."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from plugins.routing.select.plugin import Select
from tests.double import Model, OllamaDouble
from tests.support import Router, routing, toml_for

CHAIN = "routing.hosts routing.catalogue routing.estimate routing.aliases routing.select"
WHOLE = f"{CHAIN} routing.fallback routing.context routing.queue"
"""With all that stands behind it."""
BILLION = 1_000_000_000

SMALL = Model(
    name="qwen2.5:3b",
    capabilities=("completion", "tools"),
    parameter_count=3 * BILLION,
    size=2 * BILLION,
    quantization="Q4_K_M",
    context_length=32_768,
)
MIDDLE = Model(
    name="qwen2.5:7b",
    capabilities=("completion", "tools"),
    parameter_count=7 * BILLION,
    size=5 * BILLION,
    quantization="Q4_K_M",
    context_length=32_768,
)
LARGE = Model(
    name="qwen2.5:14b",
    capabilities=("completion", "tools"),
    parameter_count=14 * BILLION,
    size=9 * BILLION,
    quantization="Q4_K_M",
    context_length=32_768,
)
SEEING = Model(
    name="llava:13b",
    capabilities=("completion", "vision"),
    parameter_count=13 * BILLION,
    size=8 * BILLION,
    quantization="Q4_K_M",
)
EMBEDDING = Model(name="nomic-embed-text", capabilities=("embedding",), pooling="MEAN")
MODELS = (SMALL, MIDDLE, LARGE, SEEING, EMBEDDING)

HARD = "Analyze and compare these two designs"
CODE = "Write a Python function that reverses a string."
EASY = "What is the capital of France?"

SETTINGS = """
[plugins.routing.estimate]
profile = "ryzen-ai-max-395"

[plugins.routing.catalogue.models."llava*"]
quality = 0.6
"""


@dataclass
class Town:
    """The double, the router in front of it, and a client."""

    double: OllamaDouble
    router: Router
    client: httpx.AsyncClient

    @property
    def select(self) -> Select:
        """The plugin."""
        found = self.router.gateway.find(Select)
        assert found is not None
        return found

    async def ask(
        self,
        text: str = EASY,
        model: str = "auto",
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """Ask in OpenAI's format."""
        messages = [{"role": "user", "content": text}]
        body = {"model": model, "messages": messages} | more
        return await self.client.post("/v1/chat/completions", json=body, headers=headers)

    async def model_for(self, text: str = EASY, model: str = "auto", **more: Any) -> str:
        """Return which model answers."""
        answer = await self.ask(text, model, **more)
        assert answer.status_code == 200, answer.text
        return answer.headers["x-localai-model"]


@asynccontextmanager
async def town(
    folder: Path, *models: Model, more: str = "", chain: str = CHAIN
) -> AsyncIterator[Town]:
    """Run a router in front of a double with these models; `more` is the rest of the file."""
    more += SETTINGS
    async with (
        OllamaDouble(models or MODELS) as double,
        routing(toml_for(double.url, chain, more), folder) as router,
        httpx.AsyncClient(base_url=router.url, trust_env=False, timeout=30) as client,
    ):
        yield Town(double, router, client)
