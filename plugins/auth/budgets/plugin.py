"""Books what every call takes, and keeps callers within their budgets. Fails closed.

A call reserves what it is likely to take before it runs, and more while it runs. When a budget
is used up, the answer ends where it is. The budgets of all who stand behind a key count: its own,
those of the key that made it, and so on.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from importlib import import_module
from typing import Annotated, Any

from msgspec import Meta, Struct

from localai import Call, Chunk, Chunks, Gateway, Handler, Unavailable, Usage, hookimpl
from plugins.auth.budgets.accounts import Accounts
from plugins.auth.budgets.ledger import Ledger
from plugins.auth.budgets.meter import Amounts, Meter, Taken, Tariff
from plugins.auth.budgets.rules import Rule, accounts_of
from plugins.auth.budgets.spending import Speed, Spending

NotNegative = Annotated[float, Meta(ge=0)]


class Budgets:
    """Meters every answer; those of callers with a budget only as far as it goes."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.auth.budgets]."""

        rules: tuple[Rule, ...] = ()
        """Budgets: { per = "key", name = "*", amount = 1e5, unit = "tokens", period = "day" }."""
        watts: NotNegative = 120.0
        """Power that the machine draws while a model computes."""
        price_per_kwh: NotNegative = 0.03
        """Price of a kilowatt-hour, in the money that budgets are in."""
        price_per_million_tokens: NotNegative = 0.0
        """Price of a million tokens, on top of the energy."""
        tokens_per_second: Annotated[float, Meta(gt=0)] = 20.0
        """Speed by which the time of an answer is reserved before it is known."""

    def __init__(self, config: Config) -> None:
        self._rules = config.rules
        self._tariff = Tariff(
            watts=config.watts,
            per_kwh=config.price_per_kwh,
            per_million_tokens=config.price_per_million_tokens,
        )
        self._speed = Speed(tariff=self._tariff, tokens_per_second=config.tokens_per_second)
        self._accounts: Accounts
        self._gateway: Gateway

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, gateway: Gateway) -> AsyncIterator[None]:
        """Settle in the background, and all at the end; the database is opened on first use."""

        async def open_ledger() -> Ledger:
            module = await asyncio.to_thread(import_module, "plugins.auth.budgets.store")
            ledger: Ledger = await module.open_store(gateway.database)
            return ledger

        self._gateway = gateway
        self._accounts = Accounts(open_ledger)
        # A database that is away now is there later; one that is newer than the router never fits.
        with suppress(Unavailable):
            await gateway.usage.prepare()
        async with self._accounts.lifespan():
            yield

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Meter the answer, end it when a budget is used up, book what it took."""

        async def booked(call: Call) -> Chunks:
            meter = Meter(call)
            spending = None if call.loads_only else self._spending(call, meter)
            outcome = "canceled"
            try:
                if spending is not None:
                    await spending.begin()
                meter.start()
                answer = next(call) if spending is None else spending.around(next)
                async with aclosing(answer) as chunks:
                    async for chunk in chunks:
                        if meter.first is None:
                            meter.first = time.monotonic()
                        if chunk.done:
                            meter.last = chunk
                        else:
                            meter.pieces += 1
                            if spending is not None and meter.pieces > spending.room:
                                await spending.cover()
                        yield chunk
                outcome = "ok"
            except Exception as error:
                outcome = type(error).__name__
                if meter.first is None and (spending is None or spending.refusal is None):
                    meter.void = True
                raise
            finally:
                if meter.last is not None:
                    # Whoever stops reading after the last chunk has had the whole answer.
                    outcome = "ok"
                taken = meter.taken()
                amounts = self._tariff.amounts(taken.prompt + taken.completion, taken.gpu_seconds)
                if spending is not None:
                    spending.settle(amounts)
                self._book(call, meter.last, taken, amounts, outcome)

        return booked

    @hookimpl
    async def health(self) -> dict[str, Any]:
        """Report how many amounts wait for the database."""
        return {"unsettled": self._accounts.unsettled}

    def _spending(self, call: Call, meter: Meter) -> Spending | None:
        """Return what keeps a call within its budgets, if it has any."""
        budgets = accounts_of(call.principal, self._rules)
        return Spending(call, budgets, self._accounts, meter, self._speed) if budgets else None

    def _book(
        self, call: Call, last: Chunk | None, taken: Taken, amounts: Amounts, outcome: str
    ) -> None:
        principal = call.principal
        answered = last.model if last is not None else ""
        usage = Usage(
            at=time.time(),
            request_id=call.request_id,
            tenant=principal.tenant,
            key=principal.id,
            user=principal.user,
            model=answered or call.headers.get("x-localai-model") or call.model,
            kind=call.kind,
            prompt_tokens=taken.prompt,
            completion_tokens=taken.completion,
            gpu_seconds=taken.gpu_seconds,
            wh=amounts.wh,
            money=amounts.money,
            cached=taken.is_cached,
            outcome=outcome,
        )
        self._gateway.usage.record(usage)
