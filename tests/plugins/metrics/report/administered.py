"""A router with rows of two tenants in its ledger, and a key for each kind of caller."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.plugins.metrics.report.support import DAY, HIT, HOUR, a_row
from tests.plugins.support import serving
from tests.support import Router

ROOT = "the-key-of-the-root"
TEAM = "the-key-of-the-team"
CHATS = "the-key-of-a-caller"
KEYS = f"""
[plugins.auth.static]
environment = ""
keys = [
    {{ name = "root", key = "{ROOT}", scopes = ["*"] }},
    {{ name = "team", key = "{TEAM}", scopes = ["admin:usage"], tenant = "team" }},
    {{ name = "chats", key = "{CHATS}", tenant = "team" }},
]
"""
OWN = {"tenant": "team", "key": "static:chats"}
"""Whose rows are those of the caller `chats`."""


@asynccontextmanager
async def administered(
    folder: Path, more: str = ""
) -> AsyncIterator[tuple[Router, httpx.AsyncClient]]:
    """Run a router with six rows; yield it, and a client with the key of the root."""
    now = time.time() // DAY * DAY - 2 * DAY
    rows = [
        a_row(now + 1, request_id="r1"),
        a_row(now + HOUR, request_id="r2", outcome="UpstreamTimeout", model="m:1b"),
        a_row(now + DAY, request_id="r3", **OWN),
        a_row(now + DAY + 1, request_id="r4", **OWN | HIT),
        a_row(now + DAY + 2, request_id="r5", tenant="team", key="key:b", model='=m,"x"'),
        a_row(now + DAY + 3, request_id="r6", key="router:key:a", kind="embed", host="2"),
    ]
    async with serving(folder, "auth.static metrics.report", KEYS + more, x_api_key=ROOT) as (
        router,
        client,
    ):
        for row in rows:
            router.gateway.usage.record(row)
        yield router, client
