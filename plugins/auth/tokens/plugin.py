"""Users of the database, and tokens of theirs and of OpenID Connect issuers. Fails closed."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click
from msgspec import Meta, Struct

from localai import Connection, Duration, Gateway, Principal, SettingsError, Size, hookimpl
from plugins.auth.tokens import commands
from plugins.auth.tokens.cost import Cost
from plugins.auth.tokens.issuer import Issuer, check

if TYPE_CHECKING:
    from plugins.auth.tokens.own import Claims
    from plugins.auth.tokens.service import Service

LONGEST_ACCESS = 86_400
"""Seconds; an access token that lives longer is a password."""
LONGEST_LEEWAY = 60
"""Seconds (RFC 7519 §4.1.4: no more than a few minutes)."""

Name = Annotated[str, Meta(min_length=1, max_length=128)]
Logins = Annotated[int, Meta(ge=1, le=10_000)]


class Tokens:
    """Knows callers by JSON Web Tokens, and gives them to users for their password."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.auth.tokens]."""

        secret: Path = Path("data/tokens.secret")
        """File with the secret that tokens are signed with; made when it is not there."""
        issuer: Name = "localai"
        """The claim `iss` of the router's own tokens."""
        audience: Name = "localai"
        """The claim `aud` of the router's own tokens."""
        access_life: Duration = Duration(1800)
        """How long an access token counts."""
        refresh_life: Duration = Duration(30 * 86_400)
        """How long a session can be refreshed, from its login on."""
        leeway: Duration = Duration(30)
        """How far the clocks of issuers may differ from this machine's."""
        logins_per_address: Logins = 30
        """Tries of passwords in a minute from one network (/24 of IPv4, /64 of IPv6)."""
        logins_per_user: Logins = 10
        """Tries of one user's password in a minute from where that user has not logged in yet."""
        argon2_memory: Size = Size(19 * 1024 * 1024)
        """Memory for one check of a password, 19MiB or more."""
        argon2_time: Annotated[int, Meta(ge=2, le=32)] = 2
        """Passes over that memory."""
        argon2_parallelism: Annotated[int, Meta(ge=1, le=16)] = 1
        """Lanes of it."""
        issuers: tuple[Issuer, ...] = ()
        """Issuers of OpenID Connect whose tokens count too: [[plugins.auth.tokens.issuers]]."""

        @property
        def cost(self) -> Cost:
            """What one check of a password costs."""
            return Cost(self.argon2_memory // 1024, self.argon2_time, self.argon2_parallelism)

    def __init__(self, config: Config) -> None:
        if not 1 <= config.access_life <= LONGEST_ACCESS:
            raise SettingsError("access_life: expected 1s to 24h")
        if config.refresh_life < config.access_life:
            raise SettingsError("refresh_life: expected no less than access_life")
        if config.leeway > LONGEST_LEEWAY:
            raise SettingsError("leeway: expected at most 60s")
        config.cost.check()
        check(config.issuers, config.issuer)
        self._config = config
        self._service: Service

    @hookimpl
    async def authenticate(self, connection: Connection) -> Principal | None:
        """Return who calls with a token; while nobody was ever set up, leave the door open."""
        return await self._service.authenticate(connection.credential())

    @hookimpl
    def route_handlers(self, gateway: Gateway) -> Sequence[Any]:
        """Serve /auth and /admin/users."""
        # SQLAlchemy and more come with them, half a second of loading: this is called in a
        # thread, and not at all while the plugin is off.
        from plugins.auth.tokens import account_routes, routes

        async def claims_of(request: Any) -> "Claims | None":
            return await self._service.claims_of(Connection(request.scope))

        return [
            *routes.routes(lambda: self._service.logins, claims_of),
            *account_routes.routes(lambda: self._service.accounts),
        ]

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, gateway: Gateway) -> AsyncIterator[None]:
        """Read the users and the secret, and fetch the keys of issuers in the background."""
        from plugins.auth.tokens.service import running

        async with running(self._config, gateway.database) as service:
            self._service = service
            yield

    @hookimpl
    async def health(self) -> dict[str, Any]:
        """Say how old the users are that are known; raise when the database is away too long."""
        self._service.directory.check_age()
        return {"age": round(self._service.directory.age, 1)}

    @hookimpl
    def commands(self, cli: click.Group) -> None:
        """Add `localai users`."""
        commands.add_to(cli, self._config.cost)
