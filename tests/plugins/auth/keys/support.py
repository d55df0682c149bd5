"""Keys for tests: in memory, in a database, and behind the plugin."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

from localai import Database, Gateway, Principal
from plugins.auth import tables
from plugins.auth.grants import Grants
from plugins.auth.keys.plugin import Keys
from plugins.auth.keys.record import Key
from plugins.auth.keys.store import KeyStore

PEPPER = bytes(range(32))
ROOT = Principal(id="anonymous", name="anonymous", scopes=frozenset({"*"}))
"""A caller on loopback, before anybody was set up."""
CHAT = Grants(scopes=("chat",))


def a_key(kid: str = "0000000000", **changes: Any) -> Key:
    """Return a key in memory, with these fields changed."""
    fields: dict[str, Any] = {
        "id": f"key:{kid}",
        "version": 1,
        "kid": kid,
        "digest": b"n" * 32,
        "old_digest": None,
        "old_expires_at": None,
        "hint": "abcd",
        "name": "me",
        "owner": "",
        "tenant": "default",
        "scopes": ("chat",),
        "models": None,
        "tools": None,
        "limits": None,
        "budgets": (),
        "forwards_users": False,
        "created_at": 1.0,
        "revoked_at": None,
        "last_used_at": None,
    }
    return Key(**(fields | changes))


async def prepared(database: Database) -> KeyStore:
    """Return a store on a database that has its tables."""
    await tables.prepare(database)
    return KeyStore(database, PEPPER)


async def issue(
    store: KeyStore, name: str = "me", grants: Grants = CHAT, *, parent: str | None = None
) -> tuple[str, Key]:
    """Make a key in the database, without asking anybody."""
    return await store.create(name, "", parent, grants, time.time())


async def revoke(store: KeyStore, kid: str) -> None:
    """Revoke a key in the database."""
    assert await store.change(kid, lambda key: {"revoked_at": time.time()}) is not None


@asynccontextmanager
async def running(database: Database, **settings: Any) -> AsyncIterator[Keys]:
    """Run the plugin on a database."""
    plugin = Keys(Keys.Config(**settings))
    gateway = cast("Gateway", SimpleNamespace(database=database))
    async with plugin.lifespan(gateway):
        yield plugin
