"""Users for the command line: the database of a settings file, without a router."""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from localai import Database, NotFound, open_database
from plugins.auth.tables import is_unclaimed, prepare
from plugins.auth.tokens import forms
from plugins.auth.tokens.cost import Cost
from plugins.auth.tokens.passwords import Passwords
from plugins.auth.tokens.store import Apply, UserStore, new_password, new_stamp, removal
from plugins.auth.tokens.user import User, is_name, user_name

PAGE = 500


class LocalUsers:
    """What the commands do; nobody is asked for a scope here."""

    def __init__(self, database: Database, cost: Cost) -> None:
        self._database = database
        self._store = UserStore(database)
        self._passwords = Passwords(cost)

    async def is_unclaimed(self) -> bool:
        """Say whether there was never a key or user."""
        return await is_unclaimed(self._database)

    async def create(self, form: forms.Create) -> User:
        """Make a user whom nobody has made, and who therefore has what is asked for."""
        name = user_name(form.name)
        full_name, email = forms.full_name(form.full_name), forms.email(form.email)
        grants = forms.granted(form, "default")
        hashed = self._passwords.hash(form.password)
        return await self._store.create(name, full_name, email, grants, hashed, time.time())

    async def all(self) -> Sequence[User]:
        """Return all users by name."""
        found: list[User] = []
        while page := await self._store.page(None, found[-1].name if found else None, PAGE):
            found += page
        return found

    async def find(self, name: str) -> User:
        """Return a user; raise `NotFound`."""
        user = await self._store.get(name) if is_name(name) else None
        return user or _not_found(name)

    async def disable(self, name: str) -> User:
        """Keep a user out, with all tokens and sessions, and all keys that the user has made."""
        now = time.time()

        def disabled(user: User) -> Mapping[str, Any]:
            return {} if user.disabled_at else {"disabled_at": now, **new_stamp()}

        return await self._change(name, disabled)

    async def enable(self, name: str) -> User:
        """Let a user in again, who has to log in."""
        return await self._change(name, lambda _: {"disabled_at": None})

    async def set_password(self, name: str, password: str) -> User:
        """Give a user another password; all of the user's sessions end."""
        hashed = self._passwords.hash(password)
        return await self._change(name, lambda _: new_password(hashed))

    async def remove(self, name: str) -> User:
        """Remove a user, with all sessions."""
        now = time.time()
        return await self._change(name, lambda _: removal(now))

    async def _change(self, name: str, apply: Apply) -> User:
        user = await self._store.change(name, apply) if is_name(name) else None
        return user or _not_found(name)


def _not_found(name: str) -> User:
    raise NotFound(f"there is no user '{name}': localai users list shows all")


@asynccontextmanager
async def opened(settings: Path | None, cost: Cost) -> AsyncIterator[LocalUsers]:
    """Open the users of a settings file."""
    async with open_database(settings) as database:
        await prepare(database)
        yield LocalUsers(database, cost)
