"""Run the gateway under uvicorn: one socket, graceful ends, a strict front door."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType

import structlog
import uvicorn

from core.config import Server as ServerSettings
from core.config import Settings
from core.errors import SettingsError
from core.gateway import Gateway
from core.http import HttpLimits, strict_protocol
from core.tuning import tune
from core.watch import watching

log = structlog.get_logger("server")

CUT_TIMEOUT = 5
"""Seconds for the last events to leave after `drain_timeout`."""


class Server(uvicorn.Server):
    """uvicorn's server for a started gateway; the first signal drains, the second ends at once."""

    def __init__(self, gateway: Gateway, sock: socket.socket) -> None:
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
            )
        )
        self.gateway = gateway
        self.socket = sock
        self._draining: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()

    @property
    def url(self) -> str:
        """The address that clients reach this server at."""
        host, port = self.socket.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

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


def bind(server: ServerSettings) -> socket.socket:
    """Return a listening socket; raise `SettingsError` that says why it can't be had."""
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((server.host, server.port))
        sock.listen(2048)
    except OSError as error:
        sock.close()
        raise SettingsError(
            f"can't listen on {server.host}:{server.port}: {error.strerror}: "
            "is another server running? choose another with --port or [server] port"
        ) from None
    sock.setblocking(False)
    return sock


@asynccontextmanager
async def started(settings: Settings) -> AsyncIterator[Server]:
    """Bind, start the gateway and watch its files; stop all at the end.

    Raises `SettingsError` when it can't start; nothing half-started is left.
    """
    sock = bind(settings.server)
    try:
        gateway = Gateway(settings)
        await gateway.start()
        try:
            async with watching(gateway):
                yield Server(gateway, sock)
        finally:
            await gateway.stop()
    finally:
        sock.close()


async def serve(settings: Settings) -> None:
    """Serve until a signal ends it."""
    async with started(settings) as server:
        generation = server.gateway.current
        log.info(
            "ready",
            url=server.url,
            plugins=[plugin.name for plugin in generation.plugins],
            engine="embedded" if generation.ollama.hosts.uses_embedded else "ollama",
        )
        tune()
        await server.serve(sockets=[server.socket])
    log.info("stopped")
