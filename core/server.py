"""Run the gateway under uvicorn: one socket, graceful ends, a strict front door."""

import asyncio
import signal
import socket
from types import FrameType
from typing import Any

import structlog
import uvicorn

from core.config import Server as ServerSettings
from core.config import Settings
from core.errors import SettingsError
from core.gateway import Gateway
from core.http import HttpLimits, strict_protocol
from core.watch import watching

log = structlog.get_logger("server")

CUT_TIMEOUT = 5
"""Seconds for the last events to leave after `drain_timeout`."""


class _Server(uvicorn.Server):
    """uvicorn's server; the first signal drains, the second one ends at once."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway) -> None:
        super().__init__(config)
        self._gateway = gateway
        self._draining: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal; it may come at any point of the program."""
        self._loop.call_soon_threadsafe(self._leave, signal.Signals(sig).name)

    def _leave(self, name: str) -> None:
        if self._draining is not None:
            log.warning("ending at once", signal=name)
            self._draining.cancel()
            self.force_exit = True
            self.should_exit = True
            return
        self._draining = self._loop.create_task(self._drain(name), name="drain")

    async def _drain(self, name: str) -> None:
        log.info("stopping", signal=name)
        await self._gateway.drain()
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


async def serve(settings: Settings) -> None:
    """Serve until a signal ends it. Raises `SettingsError` when it can't start."""
    sock = bind(settings.server)
    gateway = Gateway(settings)
    try:
        await gateway.start()
    except BaseException:
        sock.close()
        raise
    limits = HttpLimits(
        header_timeout=settings.server.header_timeout, body_timeout=settings.server.body_timeout
    )
    config = uvicorn.Config(
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
    server = _Server(config, gateway)
    host, port = sock.getsockname()[:2]
    log.info(
        "ready", url=f"http://{f'[{host}]' if ':' in host else host}:{port}", **_summary(gateway)
    )
    try:
        async with watching(gateway):
            await server.serve(sockets=[sock])
    finally:
        await gateway.stop()
        log.info("stopped")


def _summary(gateway: Gateway) -> dict[str, Any]:
    generation = gateway.current
    return {
        "plugins": [plugin.name for plugin in generation.plugins],
        "engine": "embedded" if generation.ollama.hosts.uses_embedded else "ollama",
    }
