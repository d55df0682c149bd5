"""A cache at work without a router around it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from localai import Call, Chunk, Gateway, Handler, Models, Options
from plugins.cache.exact import ExactCache
from tests.plugins.support import Model, a_call, all_of

COLD = Options(temperature=0.0)
"""With these, an answer can be kept."""

INSTALLED: Models = [
    {"name": "llama3.2:latest", "digest": "aa" * 32, "details": {"format": "gguf"}},
    {"name": "qwen:latest", "digest": "bb" * 32, "details": {"format": "gguf"}},
]


class Router:
    """Stands for the gateway: has models, and answers by the chain that it is given."""

    def __init__(self) -> None:
        self.installed: Models = [dict(model) for model in INSTALLED]
        self.asked = 0
        """How often it was asked for its models."""
        self.source = "http://127.0.0.1:11434"
        self.handler: Handler | None = None

    @property
    def models(self) -> "Router":
        """The management calls."""
        return self

    async def identities(self) -> Models:
        """Return the models."""
        self.asked += 1
        return self.installed

    def infer(self, call: Call) -> Any:
        """Answer a call."""
        assert self.handler is not None
        return self.handler(call)

    @property
    def gateway(self) -> Gateway:
        """This, as plugins see it."""
        return cast("Gateway", self)


async def soon(condition: Callable[[], object], turns: int = 1000) -> None:
    """Let others have their turn until a condition holds, which needs no time to pass."""
    for _ in range(turns):
        if condition():
            return
        await asyncio.sleep(0)
    pytest.fail("it did not come about")


@asynccontextmanager
async def caching(router: Router | None = None, **settings: Any) -> AsyncIterator[ExactCache]:
    """Run a cache with these settings."""
    cache = ExactCache(ExactCache.Config(**settings))
    async with cache.lifespan((router or Router()).gateway):
        yield cache


async def said(cache: ExactCache, model: Model, /, **changes: Any) -> tuple[str, list[Chunk]]:
    """Ask through the cache; return what its header says, and the chunks without their times."""
    call = a_call(**({"options": COLD} | changes))
    chunks = await all_of(cache.around_inference(model.infer), call)
    return call.headers["x-localai-cache"], [chunk.replace(created_at="") for chunk in chunks]
