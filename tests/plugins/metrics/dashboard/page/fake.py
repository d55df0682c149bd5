"""A router that serves the page, and otherwise does what a test tells it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from plugins.metrics.dashboard.static import FOLDER, HEADERS
from tests.plugins.metrics.dashboard.page import canned

KEY = "lk-right"
PREFIX = "/box"
"""It stands behind a proxy that has the router below a path."""


class Fake:
    """What the router says, which a test may change, and what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.session: dict[str, Any] = canned.session()
        self.snapshot: dict[str, Any] = canned.snapshot()
        self.plugins: list[dict[str, Any]] = canned.PLUGINS
        self.points: list[dict[str, Any]] = canned.points()
        self.seconds = 300
        """What the history spans."""
        self.needs_key = False
        self.key = KEY
        """The key or access token that counts now."""
        self.users: dict[str, str] = {}
        self.models = ["qwen3:30b-a3b", "llama3.2"]
        self.chat: list[Any] = []
        """Events of an answer: objects, texts to send as they are, or an event to wait for."""
        self.switched: list[tuple[str, dict[str, Any]]] = []
        self.refusal: tuple[int, str] | None = None
        """How a switch is refused."""
        self.forbidden = ""
        """Why the figures may not be seen."""
        self.paths: list[str] = []
        self.bodies: list[Any] = []
        self.left = asyncio.Event()
        """Set when a client has left an answer of a model."""
        self._streams: set[asyncio.Queue[bytes | None]] = set()

    def tell(self, **changes: Any) -> None:
        """Send the next snapshot to all who watch."""
        self.snapshot = self.snapshot | {"at": self.snapshot["at"] + 1} | changes
        self._send(_event("snapshot", self.snapshot))

    def end(self, reason: str | None = None) -> None:
        """End all streams, with a reason if there is one."""
        if reason is not None:
            self._send(_event("end", {"reason": reason}))
        self._send(None)

    def _send(self, data: bytes | None) -> None:
        for stream in self._streams:
            stream.put_nowait(data)

    # ---- routes

    def app(self) -> web.Application:
        """Return the router."""
        inner = web.Application(middlewares=[self._guard])
        inner.router.add_get("/ui/", self._file)
        inner.router.add_get("/ui/session", self._session)
        inner.router.add_get("/ui/events", self._events)
        inner.router.add_get("/ui/{file}", self._file)
        inner.router.add_post("/admin/plugins/{name}", self._switch)
        inner.router.add_post("/auth/token", self._log_in)
        inner.router.add_post("/auth/refresh", self._refresh)
        inner.router.add_post("/auth/logout", self._log_out)
        inner.router.add_get("/v1/models", self._models)
        inner.router.add_post("/v1/chat/completions", self._chat)
        outer = web.Application()
        outer.add_subapp(PREFIX, inner)
        return outer

    @web.middleware
    async def _guard(self, request: web.Request, handler: Any) -> web.StreamResponse:
        path = request.path.removeprefix(PREFIX)
        self.paths.append(path)
        name = request.match_info.get("file", "")
        is_public = path == "/ui/" or "." in name or path in ("/auth/token", "/auth/refresh")
        if self.needs_key and not is_public:
            sent = request.headers.get("authorization", "")
            if sent != f"Bearer {self.key}":
                return _refused(401, "this key does not count: ask for another one")
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _file(self, request: web.Request) -> web.StreamResponse:
        file = FOLDER / request.match_info.get("file", "index.html")
        if not file.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(file, headers=HEADERS)

    async def _session(self, request: web.Request) -> web.Response:
        return web.json_response(self.session)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if self.forbidden:
            return _refused(403, self.forbidden)
        answer = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await answer.prepare(request)
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._streams.add(queue)
        try:
            history = {"interval": 1, "seconds": self.seconds, "points": self.points}
            await answer.write(_event("history", history) + _event("plugins", self.plugins))
            await answer.write(b": still here\n\n" + _event("snapshot", self.snapshot))
            while (data := await queue.get()) is not None:
                await answer.write(data)
        except ConnectionError:
            pass
        finally:
            self._streams.discard(queue)
        return answer

    async def _switch(self, request: web.Request) -> web.Response:
        name, body = request.match_info["name"], await request.json()
        self.switched.append((name, body))
        if self.refusal is not None:
            return _refused(*self.refusal)
        self.plugins = [each | body if each["name"] == name else each for each in self.plugins]
        return web.json_response({"plugins": self.plugins})

    async def _log_in(self, request: web.Request) -> web.Response:
        form = await request.post()
        self.bodies.append(dict(form))
        if not self.users:
            return _refused(404, "there is nothing here")
        name = str(form["username"])
        if self.users.get(name) != form["password"]:
            body = {
                "error": "invalid_grant",
                "error_description": "the name or the password is wrong",
            }
            return web.json_response(body, status=401)
        return self._tokens()

    async def _refresh(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body["refresh_token"] != "refresh":
            return _refused(401, "this session has ended")
        return self._tokens()

    def _tokens(self) -> web.Response:
        return web.json_response({"access_token": self.key, "refresh_token": "refresh"})

    async def _log_out(self, request: web.Request) -> web.Response:
        return web.Response(status=204)

    async def _models(self, request: web.Request) -> web.Response:
        return web.json_response({"data": [{"id": name} for name in self.models]})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.json())
        if self.refusal is not None:
            return _refused(*self.refusal)
        answer = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await answer.prepare(request)
        try:
            for piece in self.chat:
                if isinstance(piece, asyncio.Event):
                    await piece.wait()
                    continue
                text = piece if isinstance(piece, str) else f"data: {json.dumps(piece)}"
                await answer.write(f"{text}\n\n".encode())
        except asyncio.CancelledError:
            self.left.set()
            raise
        return answer


def _event(name: str, data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()


def _refused(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"message": message, "code": None}}, status=status)


def delta(**fields: Any) -> dict[str, Any]:
    """Return an event of an answer with this piece of it."""
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": None}], "usage": None}


def finish(reason: str = "stop", **usage: Any) -> list[Any]:
    """Return the events at the end of an answer."""
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}
    counts = {"prompt_tokens": 5, "completion_tokens": 38, "total_tokens": 43} | usage
    return [last, {"choices": [], "usage": counts}, "data: [DONE]"]


@asynccontextmanager
async def serving(fake: Fake, port: int = 0) -> AsyncIterator[Fake]:
    """Run it."""
    runner = web.AppRunner(fake.app(), handler_cancellation=True, shutdown_timeout=0.2)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        host, bound, *_ = runner.addresses[0]
        fake.url = f"http://{host}:{bound}{PREFIX}/ui/"
        yield fake
    finally:
        fake.end()
        await runner.cleanup()
