"""What the plugin runs: the database's users and all issuers' tokens, behind one check."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from localai import UNCLAIMED, Connection, Database, Principal
from plugins.auth.directory import Directory, directory_of
from plugins.auth.tokens.accounts import Accounts
from plugins.auth.tokens.compact import is_token
from plugins.auth.tokens.errors import ENDED, InvalidToken
from plugins.auth.tokens.jwks import KeySet
from plugins.auth.tokens.logins import Logins
from plugins.auth.tokens.oidc import Oidc
from plugins.auth.tokens.own import Claims, Own
from plugins.auth.tokens.passwords import Passwords, Pool
from plugins.auth.tokens.refresh import RefreshTokens
from plugins.auth.tokens.secret import load_secret
from plugins.auth.tokens.sessions import Sessions
from plugins.auth.tokens.store import UserStore
from plugins.auth.tokens.throttle import Throttle
from plugins.auth.tokens.verdicts import Verdicts
from plugins.auth.tokens.verifier import Source, Verifier

if TYPE_CHECKING:
    from plugins.auth.tokens.plugin import Tokens

    Verdict = Claims | Principal


class Service:
    """Knows callers by their tokens, and serves logins and accounts."""

    def __init__(
        self,
        directory: Directory,
        verifier: "Verifier[Verdict]",
        logins: Logins,
        accounts: Accounts,
        *,
        has_issuers: bool,
    ) -> None:
        self.directory = directory
        self.logins = logins
        self.accounts = accounts
        self._verifier = verifier
        self._has_issuers = has_issuers

    async def authenticate(self, credential: str | None) -> Principal | None:
        """Return who calls; raise `InvalidToken` for a token that does not count."""
        directory = self.directory
        if not (directory.is_claimed or self._has_issuers) and await directory.is_unclaimed():
            return UNCLAIMED
        if credential is None or not is_token(credential):
            return None
        found = await self._verifier.verify(credential)
        if isinstance(found, Principal):
            return found
        if directory.is_behind():
            await directory.catch_up()
        directory.check_age()
        principal = self.logins.principal(found, time.time())
        if principal is None:
            # Another router may have made this user, or changed the password, a moment ago.
            await directory.look_again()
            principal = self.logins.principal(found, time.time())
            if principal is None:
                raise InvalidToken(ENDED)
        return principal

    async def claims_of(self, connection: Connection) -> Claims | None:
        """Return what the router's own token says that came with a request, if one did."""
        credential = connection.credential()
        if credential is None or not is_token(credential):
            return None
        found = await self._verifier.verify(credential)
        return found if isinstance(found, Claims) else None


@asynccontextmanager
async def running(config: "Tokens.Config", database: Database) -> AsyncIterator[Service]:
    """Start what the plugin needs, and stop it at the end."""
    async with AsyncExitStack() as stack:
        directory = await stack.enter_async_context(directory_of(database))
        secret = await load_secret(database, database.folder / config.secret)
        own = Own(
            secret,
            issuer=config.issuer,
            audience=config.audience,
            life=config.access_life,
            leeway=config.leeway,
        )
        sources: list[Source[Verdict]] = [own]
        for issuer in config.issuers:
            keys = KeySet(issuer.jwks_url, issuer.algorithms)
            await stack.enter_async_context(keys.running())
            sources.append(Oidc(issuer, keys, config.leeway))
        passwords, pool = Passwords(config.cost), Pool()
        stack.push_async_callback(pool.close)
        store = UserStore(database)
        sessions = Sessions(database, store, RefreshTokens(secret), config.refresh_life)
        throttle = Throttle(config.logins_per_address, config.logins_per_user)
        yield Service(
            directory,
            Verifier(tuple(sources), Verdicts()),
            Logins(directory, store, sessions, own, passwords, pool, throttle),
            Accounts(store, directory, passwords, pool),
            has_issuers=bool(config.issuers),
        )
