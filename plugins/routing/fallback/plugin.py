"""Ask again what failed for a moment, then other models. Fails closed.

Only before the answer has begun: a client that has had a word of one answer is never given the rest
of another. A stream that breaks later ends with an error event.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Annotated

from msgspec import Meta, Struct

from localai import (
    Call,
    Chunk,
    Chunks,
    Duration,
    Gateway,
    GatewayError,
    Handler,
    InvalidRequest,
    Measure,
    hookimpl,
)
from plugins.routing.fallback.backoff import Backoff
from plugins.routing.fallback.budget import RetryBudget
from plugins.routing.fallback.chains import Chains, Setting
from plugins.routing.fallback.fitness import fits
from plugins.routing.fallback.rescue import Rescue, Terms
from plugins.routing.select.latency import asked_latency

MOST_HELD = 16
"""Chunks without content that are held back: one that says nothing is no beginning yet."""


class Fallback:
    """Gets a request answered whose model, or whose host, fails at first."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.routing.fallback]."""

        model: str = ""
        """Model that answers chats that their own can't, and no other of `chains`; empty: none."""
        chains: dict[str, Setting] = {}
        """Other models, by model or pattern: { "a:14b" = "a:7b", "b*" = { busy = ["b:3b"] } }."""
        attempts: Annotated[int, Meta(ge=1, le=10)] = 3
        """How often a model is asked that fails for a moment; 1 asks none again."""
        backoff: Duration = Duration(0.25)
        """Longest wait before the second time; before each further one it may be twice as long."""
        longest_wait: Duration = Duration(4)
        """Longest wait before any; a model that wants a longer one is not asked again."""
        deadline: Duration = Duration(60)
        """Time after which no further try begins; x-localai-max-latency may say less."""
        retry_share: Annotated[float, Meta(ge=0, le=1)] = 0.1
        """Most retries, as a part of the requests of the last 10 s; 3 more are always allowed."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._gateway: Gateway | None = None
        self._terms = Terms(
            attempts=config.attempts,
            backoff=Backoff(base=config.backoff, longest=config.longest_wait),
            budget=RetryBudget(config.retry_share),
            chains=Chains(config.chains, config.model),
            fits=lambda call, model: fits(call, model, self._gateway),
        )

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, gateway: Gateway) -> AsyncIterator[None]:
        """Remember where the catalogue is to be found."""
        self._gateway = gateway
        yield

    @hookimpl
    def measures(self) -> Iterable[Measure]:
        """Return how often which cause had what done about it."""
        return self._terms.figures.measures()

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Pass an answer on once it has begun; until then, try again, and try others."""
        terms = self._terms
        if terms.attempts == 1 and not terms.chains:
            return next
        budget = terms.budget

        async def reliable(call: Call) -> Chunks:
            begun_at = asyncio.get_running_loop().time()
            budget.request(begun_at)
            asked: Call | None = call
            rescue: Rescue | None = None
            while asked is not None:
                held: list[Chunk] = []
                begun = False
                try:
                    async with aclosing(next(asked)) as chunks:
                        async for chunk in chunks:
                            if not begun:
                                if len(held) < MOST_HELD and _says_nothing(chunk):
                                    held.append(chunk)
                                    continue
                                begun = True
                                if rescue is not None:
                                    rescue.answered()
                                for each in held:
                                    yield each
                            yield chunk
                    if not begun:
                        for each in held:
                            yield each
                    return
                except GatewayError as error:
                    if begun:
                        raise
                    failure = error
                if rescue is None:
                    first = failure
                    rescue = Rescue(terms, call, self._deadline(call, begun_at))
                asked = await rescue.after(failure)
            # That of the model that was asked for: what others lack is not the caller's concern.
            raise first

        return reliable

    def _deadline(self, call: Call, begun_at: float) -> float:
        seconds = float(self._config.deadline)
        with suppress(InvalidRequest):  # which is for who chooses by it to refuse
            seconds = min(seconds, asked_latency(call) or seconds)
        return begun_at + seconds


def _says_nothing(chunk: Chunk) -> bool:
    said = chunk.content or chunk.thinking or chunk.tool_calls or chunk.embeddings
    return not (said or chunk.done or chunk.logprobs)
