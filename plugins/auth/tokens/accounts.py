"""Who may do what to which users: the rules of `/admin/users`.

A caller without the scope `*` sees the users of its own tenant only, and changes only those who
may do no more than itself: else a new password for a stronger user would make it stronger.
"""

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NoReturn

import structlog
from msgspec import UNSET

from localai import Forbidden, NotFound, Principal, Unavailable
from plugins.auth.directory import Directory
from plugins.auth.grants import within
from plugins.auth.tokens import forms
from plugins.auth.tokens.passwords import Passwords, Pool, check_length
from plugins.auth.tokens.store import Apply, UserStore, columns_of, new_password, new_stamp, removal
from plugins.auth.tokens.user import User, is_name, user_name

log = structlog.get_logger("tokens")


class Accounts:
    """Makes, shows and changes users on behalf of callers.

    Raises `Forbidden`, `NotFound`, `InvalidRequest`, and `Unavailable` without the database.
    """

    def __init__(
        self, store: UserStore, directory: Directory, passwords: Passwords, pool: Pool
    ) -> None:
        self._store = store
        self._directory = directory
        self._passwords = passwords
        self._pool = pool

    async def create(self, caller: Principal, form: forms.Create) -> User:
        """Make a user."""
        name = user_name(form.name)
        full_name, email = forms.full_name(form.full_name), forms.email(form.email)
        grants = within(forms.granted(form, caller.tenant), caller, math.inf)
        check_length(form.password)
        hashed = await self._pool.run(self._passwords.hash, form.password)
        user = await self._store.create(name, full_name, email, grants, hashed, time.time())
        with suppress(Unavailable):  # the user is made, and will be known in a moment
            await self._directory.read()
        log.info("user created", by=caller.id, user=name, tenant=user.tenant, scopes=user.scopes)
        return user

    async def page(self, caller: Principal, after: str | None, most: int) -> Sequence[User]:
        """Return the users that a caller may see, by name, from behind `after`."""
        tenant = None if caller.may("*") else caller.tenant
        return await self._store.page(tenant, after if after and is_name(after) else None, most)

    async def get(self, caller: Principal, name: str) -> User:
        """Return a user."""
        user = await self._store.get(name) if is_name(name) else None
        if user is None or not _sees(caller, user):
            _not_found()
        return user

    async def change(self, caller: Principal, name: str, form: forms.Change) -> User:
        """Change a user, who comes out with no more than the caller has.

        Who is disabled, or goes to another tenant, has to log in again afterwards.
        """
        now = time.time()

        def changed(user: User) -> Mapping[str, Any]:
            grants = within(forms.regranted(form, user), caller, math.inf)
            values = columns_of(grants)
            if form.full_name is not UNSET:
                values["full_name"] = forms.full_name(form.full_name)
            if form.email is not UNSET:
                values["email"] = forms.email(form.email)
            disabled_at = user.disabled_at
            if form.disabled is not UNSET:
                disabled_at = (disabled_at or now) if form.disabled else None
            values["disabled_at"] = disabled_at
            if disabled_at != user.disabled_at or grants.tenant != user.tenant:
                values |= new_stamp()
            return values

        user = await self._apply(caller, name, changed)
        fields = [each for each in form.__struct_fields__ if getattr(form, each) is not UNSET]
        log.info("user changed", by=caller.id, user=name, fields=fields)
        return user

    async def set_password(self, caller: Principal, name: str, form: forms.SetPassword) -> User:
        """Give a user another password; all of the user's sessions end."""
        check_length(form.password)
        await self.get(caller, name)  # the work below is for users that there are
        hashed = await self._pool.run(self._passwords.hash, form.password)
        user = await self._apply(caller, name, lambda _: new_password(hashed))
        log.info("password changed", by=caller.id, user=name)
        return user

    async def remove(self, caller: Principal, name: str) -> None:
        """Remove a user; the name may be given to somebody else, who has none of the tokens."""
        now = time.time()
        await self._apply(caller, name, lambda _: removal(now))
        log.info("user removed", by=caller.id, user=name)

    async def _apply(self, caller: Principal, name: str, apply: Apply) -> User:
        def applied(user: User) -> Mapping[str, Any]:
            _check(caller, user)
            return apply(user)

        user = await self._store.change(name, applied) if is_name(name) else None
        if user is None:
            _not_found()
        await self._directory.read()
        return user


def _check(caller: Principal, user: User) -> None:
    """Refuse to change a user whom the caller does not see, or who may do more."""
    if not _sees(caller, user):
        _not_found()
    grants = user.grants
    if within(grants, caller, math.inf) != grants:
        raise Forbidden("this user has fewer bounds than you have: ask who made it")


def _sees(caller: Principal, user: User) -> bool:
    return user.tenant == caller.tenant or caller.may("*")


def _not_found() -> NoReturn:
    raise NotFound("there is no such user here: GET /admin/users lists those that there are")
