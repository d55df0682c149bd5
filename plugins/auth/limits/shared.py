"""Limits in Redis, which several routers share."""

import asyncio
import itertools
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from plugins.auth.limits.pipe import Pipe
from plugins.auth.limits.rules import Demand, Slot
from plugins.auth.limits.scripts import RENEW, SETTLE, TAKE
from plugins.auth.limits.taken import Away, Standing, Taken

LOOK = 2.0
"""Seconds between two looks whether Redis is there; leases are renewed by them."""
LEASE = 30.0
"""Seconds for which a slot stays taken when its router dies, or when giving it back fails."""
RENEWED_AT_ONCE = 500
"""Leases in one script."""

Arguments = list[str | int]


class Shared:
    """Takes and settles limits in Redis, in one round trip each."""

    def __init__(self, url: str, timeout: float) -> None:
        self._pipe = Pipe(url, timeout)
        self._take = self._pipe.script(TAKE)
        self._settle = self._pipe.script(SETTLE)
        self._renew = self._pipe.script(RENEW)
        self._process = secrets.token_hex(8)
        self._numbers = itertools.count(1)
        self._leases: dict[str, Sequence[Slot]] = {}

    @property
    def is_up(self) -> bool:
        """Whether Redis answered when it was asked last."""
        return self._pipe.is_up

    @property
    def leases(self) -> int:
        """The number of answers that hold slots."""
        return len(self._leases)

    async def take(self, demand: Demand, tokens: int) -> tuple[Taken, Standing | Slot | None]:
        """Take of all limits or of none; return how they stand, and what refuses.

        Raises `Away`.
        """
        charges, slots = demand.charges, demand.slots
        lease = f"{self._process}:{next(self._numbers)}"
        arguments: Arguments = [len(charges), lease, _milliseconds(LEASE)]
        for charge in charges:
            cost = 1 if charge.unit == "requests" else tokens
            arguments += (charge.rate.amount, _milliseconds(charge.rate.seconds), cost)
        arguments += [slot.most for slot in slots]
        key = self._pipe.key
        keys = [key(charge.key) for charge in charges] + [key(slot.key) for slot in slots]
        asked = self._pipe.ask(self._take, keys, arguments)

        def read() -> tuple[Taken, Standing | Slot | None]:
            refuses, *rest = asked.result()
            now = time.monotonic()
            standings = [
                Standing(charge, charge.rate.amount, used, now + left / 1000)
                for charge, used, left in zip(charges, rest[::2], rest[1::2], strict=True)
            ]
            if refuses:
                return Taken(standings, (), 0), [*standings, *slots][refuses - 1]
            return Taken(standings, slots, tokens, lease), None

        def undo(_: asyncio.Future[object]) -> None:
            # The caller left while Redis was asked: what it would have had goes back.
            if asked.exception() is None and (taken := read())[1] is None:
                self._ask_to_settle(taken[0], 0).add_done_callback(asyncio.Future.exception)

        try:
            await asyncio.shield(asked)
        except asyncio.CancelledError:
            asked.add_done_callback(undo)
            raise
        found = read()
        if slots and found[1] is None:
            self._leases[lease] = slots
        return found

    async def settle(self, taken: Taken, tokens: int) -> None:
        """Give slots back, and count the tokens that a call really took. Raises `Away`."""
        self._leases.pop(taken.lease, None)
        await self._ask_to_settle(taken, tokens)

    def _ask_to_settle(self, taken: Taken, tokens: int) -> asyncio.Future[object]:
        changes = list(taken.differences(tokens))
        arguments: Arguments = [len(changes), taken.lease]
        for charge, amount in changes:
            arguments += (amount, _milliseconds(charge.rate.seconds))
        key = self._pipe.key
        keys = [key(charge.key) for charge, _ in changes] + [key(slot.key) for slot in taken.slots]
        return self._pipe.ask(self._settle, keys, arguments)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Look whether Redis is there, keep an eye on it, and disconnect in the end."""
        await self._pipe.look()
        keeper = asyncio.create_task(self._keep(), name="keep limits in redis")
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
            await self._pipe.close()

    async def _keep(self) -> None:
        """Look for Redis, so that no request has to find out; a look that it sees renews leases."""
        while True:
            await asyncio.sleep(LOOK)
            if self.is_up:
                await self._renew_all()
            if not self.is_up:
                await self._pipe.look()

    async def _renew_all(self) -> None:
        held = [(slot.key, lease) for lease, slots in self._leases.items() for slot in slots]
        for start in range(0, len(held) or 1, RENEWED_AT_ONCE):
            some = held[start : start + RENEWED_AT_ONCE]
            keys = [self._pipe.key(key) for key, _ in some]
            arguments: Arguments = [_milliseconds(LEASE), *(lease for _, lease in some)]
            try:
                await self._pipe.ask(self._renew, keys, arguments)
            except Away:
                return


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
