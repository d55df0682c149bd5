"""An issuer's key server over a real socket, which can be told to misbehave."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.plugins.auth.tokens.support import as_json, jwk


class KeyServer:
    """Serves a key set at `url`, and counts the requests."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[web.Request] = []
        self.keys: list[dict[str, Any]] = [jwk("RS256")]
        self.answer: Any = None
        """What is answered instead of the keys: a response, or a handler."""
        self.asked = asyncio.Condition()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        async with self.asked:
            self.requests.append(request)
            self.asked.notify_all()
        if self.answer is None:
            return web.Response(text=as_json({"keys": self.keys}), content_type="application/json")
        response: web.StreamResponse = await self.answer(request)
        return response

    async def was_asked(self, times: int) -> None:
        """Wait until that many requests have come."""
        async with self.asked, asyncio.timeout(5):
            await self.asked.wait_for(lambda: len(self.requests) >= times)


@asynccontextmanager
async def key_server() -> AsyncIterator[KeyServer]:
    """Run a key server on a free port."""
    server = KeyServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        server.url = f"http://{host}:{port}/keys"
        yield server
    finally:
        await runner.cleanup()
