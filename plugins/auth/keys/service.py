"""Who may do what to which keys: the rules of `/admin/keys`.

A caller without the scope `*` sees the keys of its own tenant only, and changes or renews only
those that may do no more than itself: else a new secret of a stronger key would make it stronger.
"""

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NoReturn

import structlog
from msgspec import UNSET

from localai import Forbidden, InvalidRequest, NotFound, Principal, Unavailable
from plugins.auth.directory import Directory
from plugins.auth.grants import within
from plugins.auth.keys import forms
from plugins.auth.keys.format import is_kid
from plugins.auth.keys.record import Key
from plugins.auth.keys.store import KeyStore, columns_of
from plugins.auth.lineage import MAX_DEPTH, depth

log = structlog.get_logger("keys")


class KeyService:
    """Makes, shows and changes keys on behalf of callers.

    Raises `Forbidden`, `NotFound`, `InvalidRequest`, and `Unavailable` without the database.
    """

    def __init__(self, store: KeyStore, directory: Directory) -> None:
        self._store = store
        self._directory = directory

    async def create(self, caller: Principal, form: forms.Create) -> tuple[str, Key]:
        """Make a key, and return its text with it."""
        now = time.time()
        name = forms.named(form.name)
        owner = forms.label(form.owner, "owner") if form.owner else ""
        grants = forms.granted(form, caller.tenant, now)
        parent, until = self._maker(caller, now)
        grants = within(grants, caller, until)
        if depth(caller) >= MAX_DEPTH:
            raise Forbidden(f"keys make keys that make keys at most {MAX_DEPTH - 1} times")
        if self._directory.is_full:
            raise Forbidden("there are as many keys and users as can be: revoke some first")
        text, key = await self._store.create(name, owner, parent, grants, now)
        with suppress(Unavailable):  # the key is made, and its text would be lost
            await self._directory.read()
        log.info("key created", by=caller.id, kid=key.kid, tenant=key.tenant, scopes=key.scopes)
        return text, key

    async def page(self, caller: Principal, after: str | None, most: int) -> Sequence[Key]:
        """Return the keys that a caller may see, the oldest first, from behind `after`."""
        if after is not None:
            await self.get(caller, after)
        tenant = None if caller.may("*") else caller.tenant
        return await self._store.page(tenant, after, most)

    async def get(self, caller: Principal, kid: str) -> Key:
        """Return a key."""
        key = await self._store.get(kid) if is_kid(kid) else None
        if key is None or not _sees(caller, key):
            _not_found()
        return key

    async def change(self, caller: Principal, kid: str, form: forms.Change) -> Key:
        """Change a key; what comes out may do no more than the caller."""
        now = time.time()
        _, until = self._maker(caller, now)

        def changed(key: Key) -> Mapping[str, Any]:
            _check(caller, until, key, now)
            values: dict[str, Any] = columns_of(
                within(forms.regranted(form, key, now), caller, until)
            )
            if form.name is not UNSET:
                values["name"] = forms.named(form.name)
            if form.owner is not UNSET:
                values["owner"] = forms.label(form.owner, "owner") if form.owner else ""
            return values

        key = await self._store.change(kid, changed) if is_kid(kid) else None
        if key is None:
            _not_found()
        await self._directory.read()
        fields = [name for name in form.__struct_fields__ if getattr(form, name) is not UNSET]
        log.info("key changed", by=caller.id, kid=kid, fields=fields)
        return key

    async def rotate(self, caller: Principal, kid: str, form: forms.Rotate) -> tuple[str, Key]:
        """Give a key a new secret, and return its new text with it."""
        now = time.time()
        grace = forms.grace(form)
        _, until = self._maker(caller, now)

        def check(key: Key) -> None:
            _check(caller, until, key, now)

        found = await self._store.rotate(kid, grace, now, check) if is_kid(kid) else None
        if found is None:
            _not_found()
        with suppress(Unavailable):  # as above
            await self._directory.read()
        log.info("key rotated", by=caller.id, kid=kid, grace=grace)
        return found

    async def revoke(self, caller: Principal, kid: str) -> Key:
        """End a key for good; one that is revoked already stays as it is."""
        now = time.time()

        def revoked(key: Key) -> Mapping[str, Any]:
            if not _sees(caller, key):
                _not_found()
            for scope in key.scopes:
                if not caller.may(scope):
                    raise Forbidden(f"this key may do more than you: it has the scope '{scope}'")
            return {} if key.revoked_at is not None else {"revoked_at": now}

        key = await self._store.change(kid, revoked) if is_kid(kid) else None
        if key is None:
            _not_found()
        await self._directory.read()
        log.info("key revoked", by=caller.id, kid=kid)
        return key

    def _maker(self, caller: Principal, now: float) -> tuple[str | None, float]:
        """Return the id under which a caller is noted as a key's maker, and until when it may call.

        Who is not in the database, such as a key of the file, is not noted: what they lose later,
        the keys that they have made keep.
        """
        record = self._directory.get(caller.id)
        if record is not None:
            return record.id, self._directory.standing(record, now).until
        if self._directory.keeps(caller.id) and not caller.may("*"):
            raise Forbidden("who is not in this router's database needs the scope '*' for this")
        return None, math.inf


def _check(caller: Principal, until: float, key: Key, now: float) -> None:
    """Refuse to change a key that the caller does not see, that has ended, or that is stronger."""
    if not _sees(caller, key):
        _not_found()
    if ended := key.ended(now):
        raise InvalidRequest(f"this key {ended[1]}: make a new one", code="key_ended")
    if within(key.grants, caller, until) != key.grants:
        raise Forbidden("this key has fewer bounds than you have: ask who made it")


def _sees(caller: Principal, key: Key) -> bool:
    return key.tenant == caller.tenant or caller.may("*")


def _not_found() -> NoReturn:
    raise NotFound("there is no such key here: GET /admin/keys lists those that there are")
