"""API keys in the database: made, rotated and revoked while the router runs. Fails closed."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click
from msgspec import Struct

from localai import (
    UNCLAIMED,
    Connection,
    Duration,
    Gateway,
    Principal,
    SettingsError,
    Unauthenticated,
    Unavailable,
    hookimpl,
)
from plugins.auth.keys import commands, format
from plugins.auth.keys.forwarded import user_of
from plugins.auth.keys.last_used import LastUsed

if TYPE_CHECKING:
    from plugins.auth.directory import Directory
    from plugins.auth.keys.record import Key
    from plugins.auth.keys.service import KeyService

MALFORMED = "this is not a whole key: copy it again, all 65 characters"
UNKNOWN = "this key is not known here: check it, or ask for a new one"
LEAST_REFRESH = 0.1


class Keys:
    """Knows callers by keys of the database, `lai_…`; no request costs a query."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.auth.keys]."""

        pepper: Path = Path("data/keys.pepper")
        """File with the secret that keys are digested with; made when it is not there."""
        refresh: Duration = Duration(2)
        """How often other routers' changes are looked for; SQLite's are seen at once."""
        cache_time: Duration = Duration(300)
        """How long known keys work while the database does not answer."""

    def __init__(self, config: Config) -> None:
        if config.refresh < LEAST_REFRESH:
            raise SettingsError(f"refresh: expected {LEAST_REFRESH} s or more")
        if config.cache_time < config.refresh:
            raise SettingsError("cache_time: expected no less than refresh")
        self._config = config
        self._pepper = b""
        self._used = LastUsed()
        self._directory: Directory
        self._service: KeyService

    @hookimpl
    async def authenticate(self, connection: Connection) -> Principal | None:
        """Return who calls with a key; while nobody was ever set up, leave the door open."""
        credential = connection.credential()
        directory = self._directory
        if credential is None or not credential.startswith(format.PREFIX):
            try:
                return UNCLAIMED if await directory.is_unclaimed() else None
            except Unavailable:
                if credential is None:
                    raise
                return None  # another plugin may know it without the database
        given = format.parse(credential)
        if given is None:
            raise Unauthenticated(MALFORMED)
        if directory.is_behind():
            await directory.catch_up()
        directory.check_age()
        now = time.time()
        digest = format.digest(given.body, self._pepper)
        key = self._find(given.kid)
        if not _opens(key, digest, now):
            # A new key, or a new secret: another router may have made it a moment ago.
            await directory.look_again()
            key = self._find(given.kid)
            if not _opens(key, digest, now):
                raise Unauthenticated(UNKNOWN)
        assert key is not None
        principal = directory.standing(key, now).principal
        self._used.note(given.kid, now)
        if key.forwards_users and (user := user_of(connection.headers)):
            return principal.replace(user=user)
        return principal

    @hookimpl
    def route_handlers(self, gateway: Gateway) -> Sequence[Any]:
        """Serve /admin/keys."""
        # SQLAlchemy comes with it, which takes a third of a second to load: this is called in a
        # thread, and not at all while the plugin is off.
        from plugins.auth.keys.routes import routes

        return routes(lambda: self._service)

    @hookimpl
    def lifespan(self, gateway: Gateway) -> AbstractAsyncContextManager[None]:
        """Read the keys and follow their changes."""
        return self._running(gateway)

    @hookimpl
    async def health(self) -> dict[str, Any]:
        """Report how many are known; raise when the database was away for too long."""
        self._directory.check_age()
        return {"records": len(self._directory), "age": round(self._directory.age, 1)}

    @hookimpl
    def commands(self, cli: click.Group) -> None:
        """Add `localai keys`."""
        commands.add_to(cli, self._config.pepper)

    @asynccontextmanager
    async def _running(self, gateway: Gateway) -> AsyncIterator[None]:
        from plugins.auth.directory import directory_of
        from plugins.auth.keys.pepper import load_pepper
        from plugins.auth.keys.service import KeyService
        from plugins.auth.keys.store import KeyStore

        config, database = self._config, gateway.database
        async with directory_of(
            database, refresh=config.refresh, cache_time=config.cache_time
        ) as directory:
            self._pepper = await load_pepper(database, database.folder / config.pepper)
            store = KeyStore(database, self._pepper)
            self._directory = directory
            self._service = KeyService(store, directory)
            async with self._used.written(store):
                yield

    def _find(self, kid: str) -> "Key | None":
        return cast("Key | None", self._directory.get(f"key:{kid}"))


def _opens(key: "Key | None", digest: bytes, now: float) -> bool:
    """Compare a digest with a key's; with none, do the same work in vain."""
    if key is None:
        return format.matches(digest, format.NOBODYS, None, None, now)
    return key.is_opened_by(digest, now)
