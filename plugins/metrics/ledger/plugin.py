"""Writes down what each call took, and forgets it in time. Fails open.

It stands nowhere in the way of an answer: it is told of a call when that has ended, and all that
models did for it.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from typing import Any

from msgspec import Struct

from localai import Duration, Gateway, Inference, Measure, Unavailable, hookimpl
from plugins.metrics.ledger.row import usage_of

KEEP = Duration(90 * 86_400)


class Ledger:
    """Keeps the books of usage, in the table that reports are made from."""

    fail_mode = "open"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.metrics.ledger]."""

        keep: Duration = KEEP
        """How long rows are kept; 0 keeps them for ever."""

    def __init__(self, config: Config) -> None:
        self._keep = float(config.keep)
        self._gateway: Gateway | None = None
        self._forgotten = 0

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, gateway: Gateway) -> AsyncIterator[None]:
        """Make the table; forget in the background what is too old."""
        self._gateway = gateway
        # A database that is away now is there later; one that is newer than the router never fits.
        with suppress(Unavailable):
            await gateway.usage.prepare()
        forgetting = asyncio.create_task(self._forget(gateway), name="usage retention")
        try:
            yield
        finally:
            forgetting.cancel()
            await asyncio.gather(forgetting, return_exceptions=True)

    @hookimpl
    def after_inference(self, inference: Inference) -> None:
        """Note what a call took; a task of the gateway's writes it."""
        if self._gateway is not None:
            self._gateway.usage.record(usage_of(inference, time.time()))

    @hookimpl
    def measures(self) -> Iterable[Measure]:
        """Return how many rows wait for the database, were dropped, and were forgotten."""
        if self._gateway is None:
            return
        usage = self._gateway.usage
        yield Measure(
            name="localai_usage_rows_waiting",
            help="Rows of usage that are not written yet.",
            kind="gauge",
            values=[((), usage.waiting)],
        )
        yield Measure(
            name="localai_usage_rows_dropped_total",
            help="Rows of usage that were lost because the database was away for too long.",
            kind="counter",
            values=[((), usage.dropped)],
        )
        yield Measure(
            name="localai_usage_rows_forgotten_total",
            help="Rows of usage that this process deleted because they were too old.",
            kind="counter",
            values=[((), self._forgotten)],
        )

    @hookimpl
    async def health(self) -> dict[str, Any]:
        """Report how many rows wait for the database."""
        return {"waiting": 0 if self._gateway is None else self._gateway.usage.waiting}

    async def _forget(self, gateway: Gateway) -> None:
        if not self._keep:
            return
        retention = await asyncio.to_thread(import_module, "plugins.metrics.ledger.retention")

        def note(count: int) -> None:
            self._forgotten += count

        await retention.forget_on(gateway, self._keep, note)
