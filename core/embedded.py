"""The embedded engine: it speaks Ollama's protocol while there is no Ollama, for a first run.

Two models answer: `localai-guide` quotes the documentation, `localai-embed` hashes texts into
vectors. It listens on a private port of the loopback interface, so that the one inference call
of the gateway reaches it as it reaches Ollama.
"""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from core.embedded_answers import Answers, encoded
from core.embedded_requests import Refusal

MAX_BODY = 64 * 2**20
"""Bytes of a request; the gateway bounds what callers send long before."""
SHUTDOWN = 0.1
"""Seconds that answers in flight have at the end."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class EmbeddedEngine:
    """A server with two built-in models; it is cheap until it is asked something.

    `documents` are the Markdown files that the guide quotes; missing ones are left out.
    """

    def __init__(self, documents: Sequence[Path]) -> None:
        self.url = ""
        """The base URL, once started."""
        self._documents = documents
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen; does nothing when it does so already."""
        if self._runner is not None:
            return
        self._answers = answers = Answers(self._documents)
        app = web.Application(
            client_max_size=MAX_BODY, middlewares=[_answer_failures, self._refuse_web_pages]
        )
        app.add_routes(
            [
                web.get("/", answers.root),
                web.get("/api/version", answers.version),
                web.get("/api/tags", answers.tags),
                web.get("/api/ps", answers.running, allow_head=False),
                web.post("/api/show", answers.show),
                web.post("/api/chat", answers.chat),
                web.post("/api/generate", answers.generate),
                web.post("/api/embed", answers.embed),
                web.post("/api/embeddings", answers.embeddings),
            ]
        )
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handler_cancellation=True,  # when the client goes
            shutdown_timeout=SHUTDOWN,
        )
        try:
            await self._runner.setup()
            await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        except BaseException:
            await self.stop()
            raise
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Cancel what is running and close the port, within a second; idempotent."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
            await self._answers.close()

    @web.middleware
    async def _refuse_web_pages(
        self, request: web.Request, handler: _Handler
    ) -> web.StreamResponse:
        """Refuse what only a browser sends: an origin, or a name that was rebound to loopback."""
        if "origin" in request.headers or request.host != urlsplit(self.url).netloc:
            return web.Response(status=403)
        return await handler(request)


@web.middleware
async def _answer_failures(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Word failures as Ollama does."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return encoded({"error": refusal.text}, status=refusal.status)
    except web.HTTPRequestEntityTooLarge:
        return encoded({"error": "request body too large"}, status=413)
    except web.HTTPNotFound:
        return web.Response(status=404, text="404 page not found")
    except web.HTTPMethodNotAllowed as refusal:
        allow = {"allow": refusal.headers["allow"]}
        return web.Response(status=405, text="405 method not allowed", headers=allow)
