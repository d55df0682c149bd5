"""A record of each decision of a guard, in the log and the database. Fails open.

It stands around the application and reads what was decided when a request has ended, so that it
costs no step for each chunk.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from typing import Any

import structlog
from msgspec import Struct
from msgspec.structs import asdict

from localai import Duration, Gateway, RowLog, Secret, SettingsError, hookimpl, inference_of
from plugins.guardrails.audit_row import AuditRow, row_of
from plugins.guardrails.findings import use_key

log = structlog.get_logger("guardrails")

FORGET_EVERY = 6 * 3600.0
"""Seconds between two looks for rows that are older than `keep`."""
MOST_SECRET = 64
"""Most bytes of the secret: the longest key of BLAKE2b."""


class Audit:
    """Writes down who asked, which rule of which guard found how much, and what was done."""

    fail_mode = "open"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.guardrails.audit]."""

        log: bool = True
        """Write a line for each decision."""
        database: bool = False
        """Keep each decision in the database too, in the table guardrail_decisions."""
        keep: Duration = Duration(90 * 86_400)
        """How long decisions are kept there."""
        secret: Secret = Secret("")
        """The key of the hashes of what was found; without one they can be compared until the
        router is restarted."""

    def __init__(self, config: Config) -> None:
        key = config.secret.reveal().encode()
        if len(key) > MOST_SECRET:
            raise SettingsError(f"secret: has {len(key)} bytes, {MOST_SECRET} are the most")
        self._config = config
        self._rows: RowLog[AuditRow] | None = None
        if key:
            use_key(key)

    @hookimpl
    def around_app(self, app: Any) -> Any:
        """Write the record when the request has ended, however it did."""

        async def audited(scope: Any, receive: Any, send: Any) -> None:
            try:
                await app(scope, receive, send)
            finally:
                inference = inference_of(scope)
                if inference is not None and inference.call.decisions:
                    self._write(inference.call)

        return audited

    @hookimpl
    def lifespan(self, gateway: Gateway) -> AbstractAsyncContextManager[None]:
        """Open the table, if there is one, and forget what is too old."""
        return self._run(gateway)

    @asynccontextmanager
    async def _run(self, gateway: Gateway) -> AsyncIterator[None]:
        if not self._config.database:
            yield
            return
        self._rows = RowLog(
            gateway.database, "guardrail_decisions", "plugins.guardrails.audit_table"
        )
        await self._rows.prepare()
        forgetting = asyncio.create_task(self._forget(gateway), name="guardrails audit")
        try:
            yield
        finally:
            forgetting.cancel()
            await asyncio.gather(forgetting, return_exceptions=True)
            await self._rows.close()
            self._rows = None

    async def _forget(self, gateway: Gateway) -> None:
        table = await asyncio.to_thread(import_module, "plugins.guardrails.audit_table")
        while True:
            try:
                await table.forget(gateway.database, time.time() - self._config.keep)
            except Exception:
                log.exception("old decisions can't be deleted: it is tried again")
            await asyncio.sleep(FORGET_EVERY)

    def _write(self, call: Any) -> None:
        now = time.time()
        for decision in call.decisions:
            row = row_of(call, decision, now)
            if self._rows is not None:
                self._rows.record(row)
            if self._config.log:
                fields = asdict(row)
                del fields["at"]
                log.info("guardrail decision", **fields)
