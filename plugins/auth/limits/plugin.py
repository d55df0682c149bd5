"""How fast each caller may ask: requests, tokens, and answers at a time. Fails closed.

A call takes of all its limits or of none. Tokens are reserved by an estimate and settled by what
the model counted, also when the caller leaves or the answer fails.
"""

import asyncio
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Annotated, Any

from msgspec import Meta, Struct

from localai import (
    Call,
    Chunks,
    Duration,
    Gateway,
    Handler,
    Secret,
    SettingsError,
    answer_tokens,
    hookimpl,
    prompt_tokens,
)
from plugins.auth.limits.door import Door
from plugins.auth.limits.limiter import Limiter
from plugins.auth.limits.meter import Meter
from plugins.auth.limits.rules import Rule, Rules, rate
from plugins.auth.limits.taken import Taken

CHAT = Rule(per="key", kind="chat", requests="60/minute")
EMBEDDINGS = Rule(per="key", kind="embeddings", requests="120/minute")


class RateLimits:
    """Refuses what is above the rules of the file, or above a key's own limits."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.auth.limits]."""

        storage: Secret = Secret("memory")
        """memory, or redis://HOST:PORT/DB, which several routers may share."""
        rules: tuple[Rule, ...] = (CHAT, EMBEDDINGS)
        """Limits per key, user, tenant or address, for chat, embeddings or any."""
        failures: str = "30/minute"
        """Wrong keys and paths that a network may try before it gets 429; empty: any number."""
        max_keys: Annotated[int, Meta(ge=1)] = 100_000
        """Most counters in memory of callers, and as many of addresses."""
        replicas: Annotated[int, Meta(ge=1)] = 2
        """Routers that share Redis; while it is away, each allows its part of the limits."""
        timeout: Duration = Duration(0.08)
        """Time that Redis may take before limits are counted in memory."""

    def __init__(self, config: Config) -> None:
        self._rules = Rules(config.rules)
        shared = None
        if (storage := config.storage.reveal()) != "memory":
            if not storage.startswith(("redis://", "rediss://", "unix://")):
                raise SettingsError('storage must be "memory" or "redis://HOST:PORT/DB"')
            # With redis-py, it takes 0.1 s and 6 MB to import.
            from plugins.auth.limits.shared import Shared

            shared = Shared(storage, timeout=config.timeout)
        self._limiter = Limiter(max_keys=config.max_keys, shared=shared, replicas=config.replicas)
        failures = rate(config.failures) if config.failures else None
        self._door = Door(self._limiter, self._rules, failures)

    @hookimpl
    def lifespan(self, gateway: Gateway) -> AbstractAsyncContextManager[None]:
        """Connect to Redis, and disconnect."""
        return self._limiter.running()

    @hookimpl
    async def health(self) -> dict[str, Any]:
        """Report where limits are counted, and how many counters there are."""
        return self._limiter.report()

    @hookimpl
    def around_app(self, app: Any) -> Any:
        """Count requests by address, and failures by network."""
        return self._door.around(app)

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Take a call's share of its limits, and settle it when the answer has ended."""

        async def limited(call: Call) -> Chunks:
            demand = self._rules.of(call)
            prompt = reserved = 0
            if demand.counts_tokens:
                prompt = prompt_tokens(call)
                reserved = prompt + answer_tokens(call)
            taken = await self._limiter.take(demand, reserved)
            call.headers.update(self._limiter.headers(taken.standings))
            if not taken.is_open:
                async with aclosing(next(call)) as chunks:
                    async for chunk in chunks:
                        yield chunk
                return
            meter = Meter(call, prompt)
            try:
                async with aclosing(next(call)) as chunks:
                    async for chunk in chunks:
                        meter.see(chunk)
                        if chunk.done:
                            # Whoever has read the end of an answer may ask again at once.
                            await self._settled(taken, meter)
                        yield chunk
            except Exception:
                meter.failed = True
                raise
            finally:
                self._limiter.settle(taken, meter.tokens)

        return limited

    async def _settled(self, taken: Taken, meter: Meter) -> None:
        settling = self._limiter.settle(taken, meter.tokens)
        if settling is not None:
            await asyncio.shield(settling)
