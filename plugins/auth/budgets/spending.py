"""One call's reservations: made before it runs, extended while it runs, settled at its end."""

import asyncio
import math
from collections.abc import Sequence
from contextlib import aclosing

from msgspec import Struct

from localai import Call, Chunks, Handler
from plugins.auth.budgets.accounts import Accounts, Claim
from plugins.auth.budgets.ledger import Grant
from plugins.auth.budgets.meter import Amounts, Meter, Tariff
from plugins.auth.budgets.rules import Account, plain

EXPECTED = 256
"""Tokens that are reserved for an answer that may have any length."""
MOST_EXPECTED = 1024
"""Tokens that are reserved at once, however long the answer may become."""
BLOCK = 256
"""Tokens by which a reservation is extended."""
READING = 10
"""A model reads at least so many tokens in the time that it writes one: it reads in batches."""
SHORTEST_WAIT = 0.01
"""Seconds between two looks at the clock."""


class Speed(Struct, frozen=True, kw_only=True):
    """What an answer is expected to take, before it is known."""

    tariff: Tariff
    tokens_per_second: float

    def expect(self, prompt: int, completion: int) -> Amounts:
        """Return what so many tokens are likely to take."""
        seconds = (prompt / READING + completion) / self.tokens_per_second
        return self.tariff.amounts(prompt + completion, seconds)


class Spending:
    """Keeps what an answer has taken within what it was granted, or ends it."""

    def __init__(
        self,
        call: Call,
        budgets: Sequence[Account],
        accounts: Accounts,
        meter: Meter,
        speed: Speed,
    ) -> None:
        self._call = call
        self._budgets = budgets
        self._accounts = accounts
        self._meter = meter
        self._speed = speed
        self.tariff = speed.tariff
        """The prices of when it began."""
        self._grants: list[list[Grant]] = [[] for _ in budgets]
        self._granted = [0.0] * len(budgets)
        self._extending = asyncio.Lock()
        self._clock: asyncio.Timeout | None = None
        per_second = self.tariff.amounts(0, 1)
        self._rates: list[float] = [getattr(per_second, budget.unit) for budget in budgets]
        self.room = 0.0
        """Chunks that may come until `cover` must be asked."""
        self.refusal: Exception | None = None
        """Why the answer was ended while it was silent, if it was."""

    async def begin(self) -> None:
        """Reserve what the answer is likely to take, and tell the caller what is left.

        Raises `BudgetSpent` when not even the prompt and a first token fit.
        """
        prompt, first, expected = self._meter.prompt, 0, 0
        if self._call.kind != "embed":
            most = self._call.options.num_predict or 0
            first, expected = 1, min(most if most > 0 else EXPECTED, MOST_EXPECTED)
        least = self._speed.expect(prompt, first)
        wanted = self._speed.expect(prompt, expected)
        await self._reserve(range(len(self._budgets)), wanted, least)
        self._tell()

    async def cover(self) -> None:
        """Extend what was granted if more is taken by now; raise `BudgetSpent` at the end."""
        if not self._exceeded():
            return
        async with self._extending:
            # Another one may have extended it meanwhile.
            exceeded = self._exceeded()
            if not exceeded:
                return
            taken = self._meter.amounts(self.tariff)
            block = self._speed.expect(0, BLOCK)
            await self._reserve(exceeded, _sum(taken, block), taken, extends=True)

    def around(self, next: Handler) -> Chunks:
        """Return the answer, which ends while it is silent too, if its time is up.

        A plain answer is read as a stream, so that it can be ended midway.
        """
        call = self._call
        chunks = next(call.replace(stream=call.stream or call.kind != "embed"))
        return self._timed(chunks) if any(self._rates) else chunks

    def settle(self, taken: Amounts) -> None:
        """Book what was taken in the end."""
        for budget, grants in zip(self._budgets, self._grants, strict=True):
            self._accounts.settle(grants, getattr(taken, budget.unit))

    def _exceeded(self) -> list[int]:
        """Return the positions of the budgets of which more is taken than was granted."""
        taken = self._meter.amounts(self.tariff)
        return [
            position
            for position, budget in enumerate(self._budgets)
            if getattr(taken, budget.unit) > self._granted[position]
        ]

    async def _reserve(
        self, positions: Sequence[int], wanted: Amounts, least: Amounts, *, extends: bool = False
    ) -> None:
        """Raise what is granted of these budgets to what is wanted."""
        claims = []
        for position in positions:
            budget, granted = self._budgets[position], self._granted[position]
            claims.append(
                Claim(
                    budget,
                    getattr(wanted, budget.unit) - granted,
                    getattr(least, budget.unit) - granted,
                )
            )
        grants = await self._accounts.reserve(claims, extends=extends)
        for position, grant in zip(positions, grants, strict=True):
            self._grants[position].append(grant)
            self._granted[position] += grant.amount
        self.room = self._room()

    def _room(self) -> float:
        """Return how many chunks the grants are for, as far as each chunk has its price.

        What only time uses up is watched over all the time.
        """
        per_token = self.tariff.amounts(1, 0)
        rooms = [math.inf]
        for budget, granted in zip(self._budgets, self._granted, strict=True):
            if budget.unit == "tokens":
                rooms.append(granted - self._meter.prompt)
            elif getattr(per_token, budget.unit):
                rooms.append(0.0)
        return min(rooms)

    def _tell(self) -> None:
        left = [
            (grants[-1].left / (budget.limit or 1), grants[-1].left, budget.unit)
            for budget, grants in zip(self._budgets, self._grants, strict=True)
            if budget.unit in ("tokens", "money")
        ]
        if left:
            _, amount, unit = min(left)
            self._call.headers["x-localai-budget-remaining"] = f"{plain(amount)} {unit}"

    async def _timed(self, chunks: Chunks) -> Chunks:
        watch = asyncio.create_task(self._watch(), name="watch a budget")
        try:
            async with aclosing(chunks):
                while True:
                    self._check()
                    try:
                        async with asyncio.timeout(None) as self._clock:
                            chunk = await anext(chunks)
                    except StopAsyncIteration:
                        return
                    except TimeoutError:
                        self._check()
                        raise
                    finally:
                        self._clock = None
                    yield chunk
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)

    def _check(self) -> None:
        if self.refusal is not None:
            raise self.refusal from None

    async def _watch(self) -> None:
        """Extend what was granted as time goes by; end the answer when that is refused."""
        while True:
            await asyncio.sleep(max(self._seconds_left(), SHORTEST_WAIT))
            try:
                await self.cover()
            except Exception as error:
                self.refusal = error
                if self._clock is not None:
                    self._clock.reschedule(asyncio.get_running_loop().time())
                return

    def _seconds_left(self) -> float:
        """Return the time until a budget is exceeded, if no token comes before."""
        taken = self._meter.amounts(self.tariff)
        return min(
            (self._granted[position] - float(getattr(taken, budget.unit))) / self._rates[position]
            for position, budget in enumerate(self._budgets)
            if self._rates[position]
        )


def _sum(one: Amounts, other: Amounts) -> Amounts:
    return Amounts(*map(sum, zip(one, other, strict=True)))
