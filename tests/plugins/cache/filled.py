"""A router with entries of two tenants in its cache, and a key for each kind of administrator."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from localai import Chunk
from plugins.cache.entry import Entry, Head
from plugins.cache.store import Store
from plugins.cache.stores import keeping_of
from tests.plugins.support import serving
from tests.support import Router

ROOT = "the-key-of-the-root"
TEAM = "the-key-of-the-team"
CHATS = "the-key-of-a-caller"
CHAIN = "auth.static cache.exact"
KEYS = f"""
[plugins.auth.static]
environment = ""
keys = [
    {{ name = "root", key = "{ROOT}", scopes = ["*"] }},
    {{ name = "team", key = "{TEAM}", scopes = ["admin:cache"], tenant = "team" }},
    {{ name = "chats", key = "{CHATS}", tenant = "team" }},
]
"""


def _head(key: str, model: str = "", tenant: str = "default", **more: Any) -> Head:
    kind = key.partition(":")[0]
    return Head(key=key, kind=kind, model=model, tenant=tenant, stored_at=1.0, **more)


ANNA = "key:0123456789"
HEADS = (
    _head("chat:1", "llama3.2:latest", caller=ANNA, tags=("news", "old")),
    _head("chat:2", "llama3.2:1b", "team", caller="user:anna", tags=("news",)),
    _head("chat:3", "llama3.2:latest", "team", caller="anonymous"),
    _head("embed:4", "llama3.2:latest", caller=ANNA),
    _head("models:5", tenant=""),
)


async def fill(store: Store) -> None:
    """Keep an entry for each head; Redis may be too slow for it on a busy machine, at first."""
    for head in HEADS:
        entry = Entry(head, (Chunk(content="Hello", done=True),))
        async with asyncio.timeout(30):
            while not await store.put(entry, 1000):  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0.1)


async def kept(store: Store) -> set[str]:
    """Return the keys of the entries that are still there."""
    return {key async for step in store.heads() for key, _ in step}


@asynccontextmanager
async def administered(
    folder: Path, more: str = ""
) -> AsyncIterator[tuple[Router, httpx.AsyncClient, Store]]:
    """Run a router with these entries; yield it, a client with the key of the root, the store."""
    async with serving(folder, CHAIN, KEYS + more, x_api_key=ROOT) as (router, client):
        keeping = keeping_of(router.gateway)
        assert keeping is not None
        await fill(keeping.store)
        yield router, client, keeping.store
