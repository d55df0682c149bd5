"""A question much like one before gets its answer, without the model. Fails open.

Only the last turn of a conversation may differ: the model and its version, system prompts, earlier
turns, tools, format and options are the same, and whoever asked shares answers with this caller.
Numbers, names, negations and question words are the same too. Answers are kept where `cache.exact`
keeps its own, and with them the vectors of their questions.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import Annotated, Any

import click
import structlog
from msgspec import Meta, Struct

from localai import Call, Chunks, Duration, Gateway, Handler, Size, hookimpl
from plugins.cache.semantic import commands
from plugins.cache.semantic.embedder import Embedder
from plugins.cache.semantic.facts import FACTS, Fact
from plugins.cache.semantic.partitions import Partitions
from plugins.cache.semantic.rereading import Rereading
from plugins.cache.semantic.similar import Similar
from plugins.cache.stores import keeping_of

log = structlog.get_logger("cache")


class SemanticCache:
    """Answers questions that are much like earlier ones, apart for each tenant."""

    fail_mode = "open"
    answers = True

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.cache.semantic]."""

        model: Annotated[str, Meta(min_length=1)] = "localai-embed"
        """Model that makes the vectors of questions; localai-embed is built in."""
        threshold: Annotated[float, Meta(ge=0, le=1)] = 0.98
        """Least similarity of two questions: choose it by localai cache calibrate FILE."""
        equal: tuple[Fact, ...] = FACTS
        """What must be the same in two questions, however similar they are."""
        ttl: Duration = Duration(3600)
        """How long an answer is kept for similar questions."""
        stale_if_error: Duration = Duration(0)
        """How long after that it may still be given when no model can answer (RFC 5861)."""
        min_characters: Annotated[int, Meta(ge=1)] = 12
        """Shortest question that is compared."""
        max_characters: Annotated[int, Meta(ge=1)] = 300
        """Longest question that is compared: in the vector of a long one, a detail is lost."""
        max_answer: Size = Size(64_000)
        """Longest answer that is kept for similar questions."""
        max_entries: Annotated[int, Meta(ge=1, le=1_000_000)] = 10_000
        """Most questions that are compared of each tenant, user or key that shares answers."""
        max_partitions: Annotated[int, Meta(ge=1)] = 20
        """Most tenants, users or keys whose questions are in memory; 10,000 take 16 MB each."""
        timeout: Duration = Duration(0.5)
        """Time that a question's vector may take before the question is not compared."""
        refresh: Duration = Duration(60)
        """How often other routers' questions are looked for in Redis; 0: at the start only."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._similar: Similar

    @hookimpl
    def lifespan(self, gateway: Gateway) -> AbstractAsyncContextManager[None]:
        """Read kept questions in the background."""
        return self._running(gateway)

    @asynccontextmanager
    async def _running(self, gateway: Gateway) -> AsyncIterator[None]:
        config = self._config
        if keeping_of(gateway) is None:
            log.warning("similar questions get no kept answers: switch cache.exact on, before it")
        partitions = Partitions(most=config.max_partitions, most_entries=config.max_entries)
        rereading = Rereading(partitions, lambda: keeping_of(gateway), config.refresh)
        self._similar = Similar(
            lambda: keeping_of(gateway),
            Embedder(gateway, config.model, config.timeout),
            partitions,
            rereading,
            threshold=config.threshold,
            equal=config.equal,
            ttl=config.ttl,
            stale=config.stale_if_error,
            min_characters=config.min_characters,
            max_characters=config.max_characters,
            max_answer=config.max_answer,
        )
        reading = asyncio.create_task(rereading.run(), name="read kept questions")
        try:
            yield
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await partitions.close()

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Look for a similar question; else keep the answer for others."""

        async def compared(call: Call) -> Chunks:
            async with aclosing(self._similar.answer(call, next)) as chunks:
                async for chunk in chunks:
                    yield chunk

        return compared

    @hookimpl
    def commands(self, cli: click.Group) -> None:
        """Add `localai cache calibrate`."""
        commands.add_to(cli)

    @hookimpl
    async def health(self) -> dict[str, Any]:
        """Report how the cache does."""
        return self._similar.report()
