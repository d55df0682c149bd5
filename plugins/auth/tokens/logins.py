"""Logging in and out: passwords and refresh tokens against access tokens (RFC 6749)."""

import time
from collections.abc import Mapping
from typing import Any

import structlog
from msgspec import UNSET, Struct, UnsetType

from localai import Principal, Unavailable
from plugins.auth.directory import Directory
from plugins.auth.tokens import pyjwt
from plugins.auth.tokens.errors import ENDED, InvalidScope, InvalidToken, LoginFailed, SpentTwice
from plugins.auth.tokens.own import Claims, Own
from plugins.auth.tokens.passwords import Passwords, Pool, check_length
from plugins.auth.tokens.sessions import Session, Sessions
from plugins.auth.tokens.store import UserStore, new_password
from plugins.auth.tokens.throttle import Throttle
from plugins.auth.tokens.user import PREFIX, User, as_scope, is_name

log = structlog.get_logger("tokens")

DISABLED = "this user is disabled: ask who manages the users"


class Tokens(Struct, frozen=True, kw_only=True):
    """The answer to a login (RFC 6749 §5.1)."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105  (it is no secret)
    expires_in: int
    """Seconds."""
    refresh_token: str | UnsetType = UNSET
    scope: str

    def __repr__(self) -> str:
        return f"Tokens(scope={self.scope!r})"


class Logins:
    """Gives access tokens to whoever has a password or a session, and takes them back."""

    def __init__(
        self,
        directory: Directory,
        store: UserStore,
        sessions: Sessions,
        own: Own,
        passwords: Passwords,
        pool: Pool,
        throttle: Throttle,
    ) -> None:
        self._directory = directory
        self._store = store
        self._sessions = sessions
        self._own = own
        self._passwords = passwords
        self._pool = pool
        self._throttle = throttle

    async def log_in(self, address: str, name: str, password: str, scope: str) -> Tokens:
        """Check a password and begin a session; `scope` may ask for less than the user has.

        Raises `LoginFailed`, `RateLimited`, `InvalidScope`, `Unavailable`.
        """
        user = await self._checked(address, name, password)
        if user.disabled_at is not None:
            raise LoginFailed(DISABLED)
        asked = _narrowed(scope, user.principal(None))
        session = await self._sessions.begin(user, asked, time.time())
        log.info("user logged in", user=user.name)
        return await self._issued(session, asked)

    async def refresh(self, refresh_token: str, scope: str) -> Tokens:
        """Take a refresh token, and return the next one with a new access token.

        Raises `LoginFailed`, `InvalidScope`, `Unavailable`.
        """
        asked: str | None = None

        def check(user: User, session_scope: str | None) -> None:
            nonlocal asked
            asked = _narrowed(scope, scopes_now(user.principal(None), session_scope))

        try:
            session = await self._sessions.renew(refresh_token, time.time(), self._life, check)
        except SpentTwice:
            await self._directory.catch_up()
            raise
        return await self._issued(session, session.scope if asked is None else asked)

    async def log_out(self, claims: Claims) -> None:
        """End the session of a token, and the token with it."""
        await self._store.end_session(claims.sub, claims.sid, time.time(), self._life)
        await self._directory.catch_up()
        log.info("user logged out", user=claims.sub)

    async def change_password(self, address: str, claims: Claims, old: str, new: str) -> Tokens:
        """Give a user a new password, and end all other sessions; return a token for this one.

        Raises `LoginFailed`, `RateLimited`, `InvalidRequest`, `Unavailable`.
        """
        check_length(new)
        await self._checked(address, claims.sub, old)
        hashed = await self._pool.run(self._passwords.hash, new)

        def changed(user: User) -> Mapping[str, Any]:
            if user.stamp != claims.stamp or claims.sid in user.ended_sessions:
                raise InvalidToken(ENDED)
            return new_password(hashed)

        user = await self._store.change(claims.sub, changed, keep=claims.sid)
        if user is None:
            raise InvalidToken(ENDED)
        await self._directory.catch_up()
        log.info("password changed", user=user.name, by=user.id)
        return await self._token(user, claims.sid, claims.scope, time.time() + self._life)

    def principal(self, claims: Claims, now: float) -> Principal | None:
        """Return who calls with a genuine token; `None` when it counts no longer."""
        user = self._directory.get(PREFIX + claims.sub)
        if not isinstance(user, User) or user.stamp != claims.stamp or user.ended(now):
            return None
        if claims.sid in user.ended_sessions:
            return None
        principal = self._directory.standing(user, now).principal
        if claims.scope == user.scope:
            return principal
        return scopes_now(principal, claims.scope)

    async def _checked(self, address: str, name: str, password: str) -> User:
        """Return the user of a name and password; take the same time for all who are not."""
        name = name.strip().lower()
        self._throttle.admit(address, name)
        found = await self._store.with_password(name) if is_name(name) else None
        user, stored = found or (None, None)
        matches = await self._pool.run(self._passwords.matches, stored, password)
        if user is None or stored is None or not matches:
            log.warning("login failed", address=address)
            raise LoginFailed
        self._throttle.succeeded(address, name)
        if self._passwords.is_outdated(stored):
            await self._rehash(name, stored, password)
        return user

    async def _rehash(self, name: str, stored: str, password: str) -> None:
        try:
            hashed = await self._pool.run(self._passwords.hash, password)
            await self._store.rehash(name, stored, hashed)
        except Unavailable:
            log.info("a password's hash stays at its old cost for now", user=name)

    async def _issued(self, session: Session, scope: str | None) -> Tokens:
        issued = await self._token(session.user, session.id, scope, session.expires_at)
        return Tokens(
            access_token=issued.access_token,
            expires_in=issued.expires_in,
            refresh_token=session.refresh_token,
            scope=issued.scope,
        )

    async def _token(self, user: User, session: str, scope: str | None, until: float) -> Tokens:
        """Sign an access token."""
        claims = Claims(
            sub=user.name,
            scope=as_scope(scopes_now(user.principal(None), scope).scopes),
            sid=session,
            stamp=user.stamp,
            tenant=user.tenant,
            models=user.models,
        )
        await pyjwt.load()
        issued = self._own.issue(claims, until)
        return Tokens(access_token=issued.token, expires_in=issued.seconds, scope=claims.scope)

    @property
    def _life(self) -> float:
        """The seconds for which any token that is out may still count."""
        return self._own.rules.max_age + self._own.rules.leeway


def scopes_now(principal: Principal, scope: str | None) -> Principal:
    """Return a principal with those of its scopes that were asked for; `None` asks for all."""
    if scope is None:
        return principal
    asked = Principal(id=principal.id, scopes=frozenset(scope.split()))
    both = {each for each in asked.scopes if principal.may(each)}
    both |= {each for each in principal.scopes if asked.may(each)}
    return principal.replace(scopes=frozenset(both))


def _narrowed(scope: str, held: Principal) -> str | None:
    """Return the scopes that are asked for, `None` for all; raise `InvalidScope` for others."""
    asked = frozenset(scope.split())
    if not asked:
        return None
    for each in sorted(asked):
        if not held.may(each):
            raise InvalidScope(f"the scope '{each[:64]}' is more than you have", param="scope")
    return as_scope(asked)
