"""Keys for the command line: the database of a settings file, without a router."""

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from localai import Database, NotFound, open_database
from plugins.auth.keys import forms
from plugins.auth.keys.format import PREFIX, is_kid, parse
from plugins.auth.keys.pepper import load_pepper
from plugins.auth.keys.record import Key
from plugins.auth.keys.store import KeyStore
from plugins.auth.tables import is_unclaimed, prepare

PAGE = 500


class LocalKeys:
    """What the commands do; nobody is asked for a scope here."""

    def __init__(self, database: Database, store: KeyStore) -> None:
        self._database = database
        self.store = store

    async def is_unclaimed(self) -> bool:
        """Say whether there was never a key or user."""
        return await is_unclaimed(self._database)

    async def create(self, form: forms.Create) -> tuple[str, Key]:
        """Make a key that nobody has made, and that therefore is bounded by itself only."""
        now = time.time()
        owner = forms.label(form.owner, "owner") if form.owner else ""
        grants = forms.granted(form, "default", now)
        return await self.store.create(forms.named(form.name), owner, None, grants, now)

    async def all(self) -> Sequence[Key]:
        """Return all keys, the oldest first."""
        found: list[Key] = []
        while page := await self.store.page(None, found[-1].kid if found else None, PAGE):
            found += page
        return found

    async def find(self, text: str) -> Key:
        """Return the key of a kid, a whole key, or a name that only one key has.

        Of keys of the same name, one that lives is meant. Raises `NotFound`.
        """
        given = parse(text)
        kid = given.kid if given else text
        key = await self.store.get(kid) if is_kid(kid) else None
        if key is not None:
            return key
        if text.startswith(PREFIX):
            raise NotFound("there is no such key: was it copied whole?")
        named = await self.store.named(text)
        living = [each for each in named if not each.ended(time.time())]
        chosen = living if living else named
        if not chosen:
            raise NotFound(f"there is no key '{text}': localai keys list shows all")
        if len(chosen) > 1:
            kids = ", ".join(each.kid for each in chosen)
            raise NotFound(f"{len(chosen)} keys are named '{text}': name one of {kids}")
        return chosen[0]

    async def rotate(self, key: Key, grace: float) -> tuple[str, Key]:
        """Give a key a new secret."""
        now = time.time()

        def check(key: Key) -> None:
            if ended := key.ended(now):
                raise NotFound(f"this key {ended[1]}: make a new one")

        found = await self.store.rotate(key.kid, grace, now, check)
        assert found is not None
        return found

    async def revoke(self, key: Key) -> int:
        """End a key; return how many fall with it that were made with it."""
        now = time.time()
        fallen = await self.store.fallen(key.kid, now)
        await self.store.change(
            key.kid, lambda key: {} if key.revoked_at is not None else {"revoked_at": now}
        )
        return fallen


@asynccontextmanager
async def opened(settings: Path | None, pepper: Path | None = None) -> AsyncIterator[LocalKeys]:
    """Open the keys of a settings file; to make or rotate keys, name the file of the pepper."""
    async with open_database(settings) as database:
        await prepare(database)
        secret = b"" if pepper is None else await load_pepper(database, database.folder / pepper)
        yield LocalKeys(database, KeyStore(database, secret))
