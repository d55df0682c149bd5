"""Keeps callers within their budgets. Fails closed.

A call reserves what it is likely to take before it runs, and more while it runs. When a budget
is used up, the answer ends where it is. The budgets of all who stand behind a key count: its own,
those of the key that made it, and so on.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from importlib import import_module
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import replace

from localai import USUAL_PRICE, Call, Chunks, Gateway, Handler, Prices, hookimpl
from plugins.auth.budgets.accounts import Accounts
from plugins.auth.budgets.ledger import Ledger
from plugins.auth.budgets.meter import Meter, Tariff
from plugins.auth.budgets.rules import Rule, accounts_of
from plugins.auth.budgets.spending import Speed, Spending

NotNegative = Annotated[float, Meta(ge=0)]


class Budgets:
    """Meters the answers of callers with a budget, and ends them where it ends."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.auth.budgets]."""

        rules: tuple[Rule, ...] = ()
        """Budgets: { per = "key", name = "*", amount = 1e5, unit = "tokens", period = "day" }."""
        watts: NotNegative = 120.0
        """Power that is reserved while a model computes, and settled where none was booked."""
        price_per_kwh: NotNegative = 0.0
        """Price of a kilowatt-hour; 0: as [plugins.metrics.energy] says, 0.30 without it."""
        price_per_million_tokens: NotNegative = 0.0
        """Price of a million tokens, on top of the energy."""
        tokens_per_second: Annotated[float, Meta(gt=0)] = 20.0
        """Speed by which the time of an answer is reserved before it is known."""

    def __init__(self, config: Config) -> None:
        self._rules = config.rules
        tariff = Tariff(
            watts=config.watts,
            per_kwh=config.price_per_kwh or USUAL_PRICE,
            per_million_tokens=config.price_per_million_tokens,
            is_own=config.price_per_kwh > 0,
        )
        self._speed = Speed(tariff=tariff, tokens_per_second=config.tokens_per_second)
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
        async with self._accounts.lifespan():
            yield

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Meter the answer, and end it when a budget is used up."""

        async def metered(call: Call) -> Chunks:
            meter = Meter(call)
            spending = None if call.loads_only else self._spending(call, meter)
            if spending is None:
                async with aclosing(next(call)) as chunks:
                    async for chunk in chunks:
                        yield chunk
                return
            try:
                await spending.begin()
                meter.start()
                async with aclosing(spending.around(next)) as chunks:
                    async for chunk in chunks:
                        if meter.first is None:
                            meter.first = time.monotonic()
                        if chunk.done:
                            meter.last = chunk
                        else:
                            meter.pieces += 1
                            if meter.pieces > spending.room:
                                await spending.cover()
                        yield chunk
            except Exception:
                if meter.first is None and spending.refusal is None:
                    meter.void = True
                raise
            finally:
                spending.settle(meter.settled(spending.tariff))

        return metered

    @hookimpl
    async def health(self) -> dict[str, Any]:
        """Report how many amounts wait for the database."""
        return {"unsettled": self._accounts.unsettled}

    def _spending(self, call: Call, meter: Meter) -> Spending | None:
        """Return what keeps a call within its budgets, if it has any."""
        budgets = accounts_of(call.principal, self._rules)
        return Spending(call, budgets, self._accounts, meter, self._priced()) if budgets else None

    def _priced(self) -> Speed:
        """Return what answers are expected to take, at the price of this hour."""
        tariff = self._speed.tariff
        if not tariff.is_own:
            prices = self._gateway.find(Prices)
            per_kwh = USUAL_PRICE if prices is None else prices.price_per_kwh()
            if per_kwh != tariff.per_kwh:
                self._speed = replace(self._speed, tariff=replace(tariff, per_kwh=per_kwh))
        return self._speed
