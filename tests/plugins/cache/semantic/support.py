"""A semantic cache at work without a router around it, with vectors that a test says."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import numpy as np

from localai import Call, Chunk, Chunks, GatewayError, Handler, Message, Principal
from plugins.cache.exact import ExactCache
from plugins.cache.semantic.plugin import SemanticCache
from plugins.cache.semantic.vectors import Vector, unit
from tests.plugins.cache.support import COLD, Router
from tests.plugins.support import Model, a_call, all_of


def direction(seed: int, dimensions: int = 8) -> Vector:
    """Return some vector, the same for the same seed."""
    vector = unit(np.random.default_rng(seed).standard_normal(dimensions))
    assert vector is not None
    return vector


class Embedding:
    """Stands for the model that makes vectors: it has one for each text, or another way."""

    def __init__(self, vectors: Mapping[str, Sequence[float]]) -> None:
        self.vectors = dict(vectors)
        self.calls: list[Call] = []
        self.failure: GatewayError | None = None
        self.gate = asyncio.Event()
        """Closed, it keeps who asks waiting."""
        self.gate.set()

    async def infer(self, call: Call) -> Chunks:
        """Embed the texts of a call; one without a vector has [1, 0]."""
        self.calls.append(call)
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        vectors = tuple(tuple(self.vectors.get(text, (1.0, 0.0))) for text in call.inputs)
        yield Chunk(embeddings=vectors, done=True, model=call.model)


class Comparing:
    """Both caches around a model that talks and one that embeds."""

    def __init__(self, model: Model, embedding: Embedding, router: Router) -> None:
        self.model = model
        self.embedding = embedding
        self.router = router
        self.semantic: SemanticCache

    async def infer(self, call: Call) -> Chunks:
        """Stand for Ollama."""
        answer = self.embedding.infer(call) if call.kind == "embed" else self.model.infer(call)
        async with aclosing(answer) as chunks:
            async for chunk in chunks:
                yield chunk

    async def ask(self, text: str, **changes: Any) -> tuple[str, str]:
        """Ask as a user; return what the header says, and the answer."""
        call = asking(text, **changes)
        handler = self.router.handler
        assert handler is not None
        chunks = await all_of(handler, call)
        return call.headers.get("x-localai-cache", ""), "".join(chunk.content for chunk in chunks)


def asking(text: str, **changes: Any) -> Call:
    """Return a call whose last turn is this."""
    before = changes.pop("before", ())
    tenant = changes.pop("tenant", "default")
    fields = {
        "messages": (*before, Message(role="user", content=text)),
        "options": COLD,
        "principal": Principal(id="key:1", tenant=tenant),
    }
    return a_call(**(fields | changes))


@asynccontextmanager
async def comparing(
    model: Model,
    vectors: Mapping[str, Sequence[float]] | None = None,
    exact: Mapping[str, Any] | None = None,
    router: Router | None = None,
    **settings: Any,
) -> AsyncIterator[Comparing]:
    """Run both caches, the semantic one with these settings."""
    both = Comparing(model, Embedding(vectors or {}), router or Router())
    outer = ExactCache(ExactCache.Config(**(exact or {})))
    fields: dict[str, Any] = {"min_characters": 1, "threshold": 0.9, "equal": ()} | settings
    both.semantic = inner = SemanticCache(SemanticCache.Config(**fields))
    inside: Handler = inner.around_inference(both.infer)
    both.router.handler = outer.around_inference(inside)
    gateway = both.router.gateway
    async with outer.lifespan(gateway), inner.lifespan(gateway):
        yield both
