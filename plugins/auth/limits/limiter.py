"""All limits of a call, taken together or not at all: in Redis, or in memory while it is away."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, cast

import slowapi
from slowapi.extension import HEADERS, C

from plugins.auth.limits.memory import SCHEME, BoundedMemory
from plugins.auth.limits.rules import Charge, Demand, Slot, Unit
from plugins.auth.limits.taken import Away, Standing, Taken
from plugins.auth.limits.wording import Names, all_taken, headers_of, reached, too_large

if TYPE_CHECKING:
    from plugins.auth.limits.shared import Shared

HEADER_NAMES = {
    C.HEADER_LIMIT: "x-ratelimit-limit",
    C.HEADER_REMAINING: "x-ratelimit-remaining",
    C.HEADER_RESET: "x-ratelimit-reset",
    C.HEADER_RETRY_AFTER: "retry-after",
}


class Limiter(slowapi.Limiter):
    """slowapi's limiter for an event loop: it has the storage, its strategy and header names.

    Its own checks block the loop for Redis, are bound to Starlette's requests, and count some
    limits of a request that others refuse. Here a call takes of all its limits or of none.
    """

    def __init__(self, *, max_keys: int, shared: "Shared | None" = None, replicas: int = 1) -> None:
        super().__init__(
            key_func=str,
            storage_uri=f"{SCHEME}://",
            storage_options=cast(dict[str, str], {"max_keys": max_keys}),
            strategy="fixed-window",
            # It reads ./.env unless it is given another file that exists; what it reads is not
            # used, see `get_app_config`.
            config_filename=__file__,
        )
        self.logger.removeHandler(self.logger.handlers[-1])  # one more for every limiter made
        self._callers = cast(BoundedMemory, self.limiter.storage)
        # Strangers can't push the counters of known callers out.
        self._addresses = BoundedMemory(max_keys=max_keys)
        self._running: Counter[str] = Counter()
        self._shared = shared
        self._replicas = replicas if shared is not None else 1
        self._settling: set[asyncio.Task[None]] = set()
        self._names: dict[Unit, Names] = {
            "requests": self._names_of("requests"),
            "tokens": self._names_of("tokens"),
        }

    def get_app_config(self, key: str, default_value: Any = None) -> Any:
        """Return the default: nothing but localai.toml sets limits, no variable turns them off."""
        return HEADER_NAMES.get(key, default_value)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connect to Redis if there is one; in the end settle what is open, and disconnect."""
        if self._shared is None:
            yield
            return
        async with self._shared.connected():
            try:
                yield
            finally:
                await asyncio.gather(*self._settling)

    def report(self) -> dict[str, Any]:
        """Return what `/health` tells."""
        storage = "memory" if self._shared is None else "redis"
        return {
            "storage": storage,
            "fallback": self._shared is not None and not self._shared.is_up,
            "keys": len(self._callers),
            "addresses": len(self._addresses),
            "evictions": self._callers.evictions + self._addresses.evictions,
            "running": self._running.total() + (self._shared.leases if self._shared else 0),
        }

    def headers(self, standings: Sequence[Standing]) -> dict[str, str]:
        """Return the headers that tell a caller how the limits stand."""
        return headers_of(standings, self._names)

    async def take(self, demand: Demand, tokens: int = 0) -> Taken:
        """Take one request, `tokens` and a slot of all limits; raise `RateLimited` for none."""
        if demand.counts_tokens:
            for charge in demand.charges:
                if charge.unit == "tokens" and tokens > charge.rate.amount:
                    raise too_large(charge, tokens)
        shared = self._shared
        if shared is not None and shared.is_up:
            try:
                taken, refused = await shared.take(demand, tokens)
            except Away:
                pass
            else:
                if isinstance(refused, Slot):
                    raise all_taken(refused, refused.most)
                if refused is not None:
                    raise reached(refused, tokens, self.headers(taken.standings))
                return taken
        return self._take(demand, tokens)

    def settle(self, taken: Taken, tokens: int) -> asyncio.Task[None] | None:
        """Give a call's slots back, and count the tokens that it really took; once.

        In memory it is done at once. For Redis a task does it, which may be awaited but need not
        be: whoever is cancelled meanwhile loses nothing.
        """
        if taken.is_settled:
            return None
        taken.is_settled = True
        if taken.lease:
            task = asyncio.create_task(self._settle_shared(taken, tokens), name="settle limits")
            self._settling.add(task)
            task.add_done_callback(self._settling.discard)
            return task
        for slot in taken.slots:
            self._running[slot.key] -= 1
            if self._running[slot.key] <= 0:
                del self._running[slot.key]
        for charge, amount in taken.differences(tokens):
            self._count(charge, amount)
        return None

    async def _settle_shared(self, taken: Taken, tokens: int) -> None:
        assert self._shared is not None
        try:
            await self._shared.settle(taken, tokens)
        except Away:
            # What is counted while Redis is away counts in memory.
            for charge, amount in taken.differences(tokens):
                if amount > 0:
                    self._count(charge, amount)

    def _take(self, demand: Demand, tokens: int) -> Taken:
        for slot in demand.slots:
            most = self._part(slot.most)
            if self._running[slot.key] >= most:
                raise all_taken(slot, most)
        standings = []
        for charge in demand.charges:
            cost = 1 if charge.unit == "requests" else tokens
            count, ends = self._count(charge, cost)
            standing = Standing(charge, self._part(charge.rate.amount), count, ends)
            standings.append(standing)
            if count > standing.limit:
                standings = [self._given_back(each, tokens) for each in standings]
                raise reached(standings[-1], tokens, self.headers(standings))
        for slot in demand.slots:
            self._running[slot.key] += 1
        return Taken(standings, demand.slots, tokens)

    def _given_back(self, standing: Standing, tokens: int) -> Standing:
        cost = 1 if standing.charge.unit == "requests" else tokens
        self._count(standing.charge, -cost)
        return standing._replace(used=standing.used - cost)

    def _count(self, charge: Charge, amount: int) -> tuple[int, float]:
        storage = self._addresses if charge.is_address else self._callers
        return storage.add(charge.key, charge.rate.seconds, amount)

    def _part(self, limit: int) -> int:
        """Return this process' part of a limit, where others count for themselves."""
        return limit if self._replicas == 1 else max(1, limit // self._replicas)

    def _names_of(self, unit: Unit) -> Names:
        three = (HEADERS.LIMIT, HEADERS.REMAINING, HEADERS.RESET)
        return Names(*(f"{self._header_mapping[each]}-{unit}" for each in three))
