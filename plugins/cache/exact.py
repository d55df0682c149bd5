"""The same question gets the same answer again, without a model. Fails open.

Kept is what would come out the same: embeddings, and chats at temperature 0 or with a seed. Who
asks the same while an answer is running listens to that one.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager
from typing import Annotated, Any, Literal

import click
from msgspec import Meta, Struct

from localai import (
    Call,
    Chunks,
    Duration,
    Gateway,
    Handler,
    Lister,
    Listing,
    Measure,
    Models,
    Secret,
    SettingsError,
    Size,
    hookimpl,
)
from plugins.cache import commands, stores
from plugins.cache.answers import Answers
from plugins.cache.digests import Digests, listed_name
from plugins.cache.elements import Elements
from plugins.cache.entry import Head
from plugins.cache.figures import measures
from plugins.cache.keeping import Keeping
from plugins.cache.key import Partition, is_repeatable
from plugins.cache.lists import Lists
from plugins.cache.memory import BoundedMemory
from plugins.cache.replay import replay
from plugins.cache.routes import routes
from plugins.cache.runs import STATUS, Runs
from plugins.cache.semantic import commands as calibration
from plugins.cache.statistics import Statistics
from plugins.cache.store import Store
from plugins.cache.wish import wish_of

LONGEST_WAIT = 0.1
"""Seconds that Redis may be given: what it keeps must not take longer than to ask."""


class ExactCache:
    """Answers repeated calls from memory or Redis, apart for each tenant."""

    fail_mode = "open"
    answers = True

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.cache.exact]."""

        storage: Secret = Secret("memory")
        """memory, or redis://HOST:PORT/DB, which several routers may share."""
        partition: Partition = "tenant"
        """Who shares answers: those of one tenant, user or key, or all (global)."""
        sampled: bool = False
        """Keep chats too that the model makes at random: temperature above 0 and no seed."""
        ttl: Duration = Duration(3600)
        """How long a chat's answer is kept."""
        stale_if_error: Duration = Duration(0)
        """How long after that it may still be given when no model can answer (RFC 5861)."""
        embeddings_ttl: Duration = Duration(86_400)
        """How long an embedding is kept."""
        models_ttl: Duration = Duration(300)
        """How long the list of models is kept, unless models come, go or change."""
        digests_age: Duration = Duration(2)
        """How old the names and digests may be by which a changed model is noticed."""
        max_entries: Annotated[int, Meta(ge=1)] = 10_000
        """Most answers that are kept in memory."""
        max_bytes: Size = Size(256_000_000)
        """Most memory that they take."""
        max_answer: Size = Size(1_000_000)
        """Longest answer that is kept."""
        join: bool = True
        """Who asks what is being answered just now listens to that answer."""
        join_buffer: Size = Size(4_000_000)
        """How much of a running answer is held for those who join it, or read slowly."""
        join_failure: Literal["rerun", "error"] = "rerun"
        """When an answer fails before its first token, those who joined ask once more, or fail."""
        join_routers: Literal["run", "wait"] = "run"
        """What another router on the same Redis is answering just now: run it too, or wait."""
        join_wait: Duration = Duration(60)
        """How long to wait for another router's answer, before asking the model after all."""
        timeout: Duration = Duration(0.08)
        """Time that Redis may take before an answer counts as not kept, 100ms or less."""
        connections: Annotated[int, Meta(ge=1, le=1000)] = 50
        """Most connections to Redis."""
        secret: Secret = Secret("")
        """Seals what is in Redis, so that nobody without it can plant answers."""
        watts: Annotated[float, Meta(ge=0)] = 120.0
        """Power for the time that was saved, where the energy of an answer is not known."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._statistics = Statistics(config.watts)
        self._shared: Any = None
        if config.storage.reveal() == "memory":
            memory = BoundedMemory(max_entries=config.max_entries, max_bytes=config.max_bytes)
            self._store = Store(memory, max_answer=config.max_answer)
        else:
            if config.timeout > LONGEST_WAIT:
                raise SettingsError("timeout: 100ms at most, as every request waits for it")
            from plugins.cache.shared import SharedCache

            self._shared = SharedCache(
                config.storage.reveal(),
                timeout=config.timeout,
                connections=config.connections,
                max_value=config.max_answer,
                secret=config.secret.reveal().encode(),
            )
            self._store = Store(self._shared, max_answer=config.max_answer)
        self._runs: Runs
        self._answers: Answers
        self._elements: Elements
        self._lists: Lists

    @hookimpl
    def lifespan(self, gateway: Gateway) -> AbstractAsyncContextManager[None]:
        """Connect to Redis if there is one; in the end finish what runs, and disconnect."""
        return self._running(gateway)

    @asynccontextmanager
    async def _running(self, gateway: Gateway) -> AsyncIterator[None]:
        config = self._config
        async with AsyncExitStack() as stack:
            leases = None
            if self._shared is not None:
                await stack.enter_async_context(self._shared.running())
                if config.join_routers == "wait":
                    from plugins.cache.lease import Leases

                    leases = Leases(self._shared)
            digests = Digests(
                lambda: gateway.models.identities(),
                max_age=config.digests_age,
                on_change=self._forget,
            )
            stack.push_async_callback(digests.close)
            self._runs = Runs(
                buffer=config.join_buffer, joins=config.join, rerun=config.join_failure == "rerun"
            )
            stack.push_async_callback(self._runs.close)
            keeping = Keeping(
                self._store, self._statistics, digests, config.partition, config.sampled
            )
            self._answers = Answers(
                keeping,
                self._runs,
                ttl=config.ttl,
                max_answer=config.max_answer,
                leases=leases,
                wait=config.join_wait,
                stale=config.stale_if_error,
            )
            self._elements = Elements(keeping, self._runs, ttl=config.embeddings_ttl)
            self._lists = Lists(keeping, gateway, ttl=config.models_ttl)
            stores.offer(gateway, keeping)
            try:
                yield
            finally:
                stores.withdraw(gateway, keeping)
                await self._store.backend.close()

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Look the call up; else listen to one like it, or have it answered and keep that."""

        async def cached(call: Call) -> Chunks:
            wish = wish_of(call)
            if not (is_repeatable(call, self._config.sampled) and wish.writes):
                call.headers[STATUS] = "bypass"
                self._statistics.bypass(call.kind)
                answer = next(call)
            elif call.kind == "embed":
                answer = self._elements.answer(call, wish, next)
            else:
                asked = await self._answers.asked(call, wish)
                if asked.entry is not None:
                    for chunk in replay(asked.entry, call):
                        yield chunk
                    return
                answer = self._answers.run(call, asked, next)
            async with aclosing(answer) as chunks:
                async for chunk in chunks:
                    yield chunk

        return cached

    @hookimpl
    def around_models(self, next: Lister) -> Lister:
        """Keep the list of models."""

        async def cached(listing: Listing) -> Models:
            return await self._lists.list(listing, next)

        return cached

    @hookimpl
    def route_handlers(self, gateway: Gateway) -> Sequence[Any]:
        """Serve statistics, and removal."""
        return routes(lambda: self._store, self._statistics)

    @hookimpl
    def measures(self) -> Iterable[Measure]:
        """Return what was asked, found and saved, and what is held."""
        return measures(self._statistics, self._store.backend.figures())

    @hookimpl
    def commands(self, cli: click.Group) -> None:
        """Add `localai cache`."""
        commands.add_to(cli)
        calibration.add_to(cli)

    @hookimpl
    async def health(self) -> dict[str, Any]:
        """Report how the cache does."""
        total = self._statistics.report()["total"]
        return self._store.backend.figures() | {
            name: total[name] for name in ("hits", "misses", "joins")
        }

    async def _forget(self, model: str, digest: str) -> None:
        """Remove the answers of a model that is another one now, or gone."""

        def is_old(head: Head) -> bool:
            return head.digest != digest and listed_name(head.model) == model

        await self._store.remove(is_old)
