"""Run the gateway under uvicorn: one socket or two, graceful ends, a strict front door."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from types import FrameType
from typing import Any

import structlog
import uvicorn

from core.config import Settings
from core.door import LISTENER
from core.gateway import Gateway
from core.http import HttpLimits, strict_protocol
from core.listen import BACKLOG, admin_address, listening, main_address, url_of
from core.tuning import tune
from core.watch import watching

log = structlog.get_logger("server")

KEEP_ALIVE = 75
"""Seconds that an idle connection stays open. Clients close theirs earlier (httpx and Go's after 5
to 90 s, nginx's after 60): who closes at the same moment as they send loses a request."""
CUT_TIMEOUT = 5
"""Seconds for the last events to leave after `drain_timeout`."""


class Server(uvicorn.Server):
    """uvicorn's server for a started gateway; the first signal drains, the second ends at once."""

    def __init__(
        self, gateway: Gateway, sock: socket.socket, admin: socket.socket | None = None
    ) -> None:
        settings = gateway.settings.server
        limits = HttpLimits(
            header_timeout=settings.header_timeout, body_timeout=settings.body_timeout
        )
        super().__init__(
            uvicorn.Config(
                gateway,
                http=strict_protocol(limits),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=CUT_TIMEOUT,
                timeout_keep_alive=KEEP_ALIVE,
            )
        )
        self.gateway = gateway
        self.socket = sock
        self.admin_socket = admin
        """Where /admin is served instead, if it has its own address."""
        self._draining: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()

    @property
    def url(self) -> str:
        """The address that clients reach this server at."""
        return url_of(self.socket)

    @property
    def admin_url(self) -> str:
        """The address of /admin; that of a Unix socket is `unix:PATH`."""
        return url_of(self.admin_socket or self.socket)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections, on the address of /admin too."""
        await super().startup(sockets)
        sock = self.admin_socket
        if sock is None:
            return
        unix = sock.family == socket.AF_UNIX
        listen = self._loop.create_unix_server if unix else self._loop.create_server
        server: Any = await listen(self._admin_protocol, sock=sock, backlog=BACKLOG)
        self.servers.append(server)

    def _admin_protocol(self) -> asyncio.Protocol:
        protocol: Any = self.config.http_protocol_class
        made = protocol(config=self.config, server_state=self.server_state, app_state={})
        made.app = self._at_admin
        return made  # type: ignore[no-any-return]

    async def _at_admin(self, scope: Any, receive: Any, send: Any) -> None:
        scope[LISTENER] = "admin"
        await self.gateway(scope, receive, send)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal, which may come at any point of the program."""
        self._loop.call_soon_threadsafe(self.leave, signal.Signals(sig).name)

    def leave(self, why: str) -> None:
        """Drain and stop; when that is under way already, stop at once."""
        if self._draining is None:
            self._draining = self._loop.create_task(self._drain(why), name="drain")
            return
        log.warning("ending at once", why=why)
        self._draining.cancel()
        self.force_exit = True
        self.should_exit = True
        for connection in tuple(self.server_state.connections):
            # Since Python 3.12 a server's end waits for its connections.
            connection.transport.abort()

    async def _drain(self, why: str) -> None:
        log.info("stopping", why=why)
        await self.gateway.drain()
        self.should_exit = True


@asynccontextmanager
async def started(settings: Settings) -> AsyncIterator[Server]:
    """Bind, start the gateway and watch its files; stop all at the end.

    Raises `SettingsError` when it can't start; nothing half-started is left.
    """
    with ExitStack() as sockets:
        admin = admin_address(settings)
        sock = sockets.enter_context(listening(main_address(settings)))
        admin_sock = sockets.enter_context(listening(admin)) if admin else None
        gateway = Gateway(settings)
        await gateway.start()
        try:
            async with watching(gateway):
                yield Server(gateway, sock, admin_sock)
        finally:
            await gateway.stop()


async def serve(settings: Settings) -> None:
    """Serve until a signal ends it."""
    async with started(settings) as server:
        generation = server.gateway.current
        log.info(
            "ready",
            url=server.url,
            **({"admin": server.admin_url} if server.admin_socket else {}),
            plugins=[plugin.name for plugin in generation.plugins],
            engine="embedded" if generation.ollama.hosts.uses_embedded else "ollama",
        )
        tune()
        await server.serve(sockets=[server.socket])
    log.info("stopped")
