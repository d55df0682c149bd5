"""One HTTP exchange: its body, its answer, and the three ways in which it can end early."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import structlog

from core.api import dialects
from core.connection import Connection
from core.decisions import HEADER
from core.errors import (
    Forbidden,
    GatewayError,
    InternalError,
    InvalidRequest,
    PayloadTooLarge,
    UnsupportedMediaType,
)
from core.inference import KEY, Inference, inference_of
from core.listing import Listing, Models
from core.messages import Call, Chunks, Dialect
from core.principal import Principal
from core.redact import redact
from core.response import note

if TYPE_CHECKING:
    from core.generation import Generation

log = structlog.get_logger("http")

Scope = Any
"""An ASGI scope: a mutable mapping, which Litestar types more narrowly than ASGI does."""
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]

OWN = "x-localai-"
"""What the names of the headers begin with that plugins may set late, and on errors."""
TRAILERS = "http.response.trailers"
"""The ASGI extension for headers after the body."""

WATCH_AFTER = 0.02
"""Seconds after which a client is watched for leaving. A cached answer is out by then, and needs
no task for it; a client that left before is seen at once."""

Run = Callable[["Exchange"], Awaitable[None]]


class Exchange:
    """What an endpoint works with: who calls, what they sent, and how to answer.

    It ends early when the client leaves, when the client stops reading, or when the router
    shuts down. In each case the task is cancelled, so that everything below is closed; only in
    the last case is there somebody to tell.
    """

    def __init__(
        self, generation: "Generation", dialect: Dialect, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self.generation = generation
        self.dialect = dialect
        self.scope = scope
        self.connection = Connection(scope, generation.trust)
        self.request_id: str = scope["localai.request_id"]
        self.principal: Principal
        self.inference: Inference
        self.started = False
        """Whether the head of the answer is out."""
        self.finished = False
        """Whether all of the answer is out."""
        self.writes = 0
        """How many pieces of the answer were given to the server."""
        self._early: Mapping[str, str] | None = None
        """The headers of an answer that may have trailers."""
        self._receive = receive
        self._send = send
        self._task: asyncio.Task[Any] | None = None
        self._watch_start: asyncio.Handle | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._abort: GatewayError | None = None
        self._gone = False
        self._blocked_since: float | None = None
        self._stall_check: asyncio.TimerHandle | None = None

    async def run(self, operation: Run, scope: str | None) -> None:
        """Authenticate and authorise unless `scope` is `None`, run, answer what goes wrong."""
        self._task = asyncio.current_task()
        try:
            try:
                if scope is not None:
                    self.principal = await self.generation.authorise(self.connection, scope)
                await operation(self)
            finally:
                self._unwatch()
        except GatewayError as error:
            self._note(error)
            await self.fail(error)
        except asyncio.CancelledError:
            if not (self._gone or self._abort):
                raise
            assert self._task is not None
            self._task.uncancel()
            if self._abort is not None:
                self._note(self._abort)
                await self.fail(self._abort)
        except Exception as error:
            self._note(error)
            log.exception("request failed", path=self.scope["path"], request_id=self.request_id)
            await self.fail(
                InternalError(
                    f"the router failed; its log has the details under request id {self.request_id}"
                )
            )
        finally:
            self._end_inference()

    def _note(self, error: Exception) -> None:
        inference = inference_of(self.scope)
        if inference is not None:
            inference.error = type(error).__name__

    # ---- the request

    async def body(self) -> bytes:
        """Read the whole body; from then on a client that leaves cancels this exchange.

        Raises `PayloadTooLarge`, `UnsupportedMediaType`.
        """
        headers = self.connection.headers
        if headers.get("content-encoding", "identity") != "identity":
            raise UnsupportedMediaType("compressed bodies are not read here: send plain JSON")
        limit = self.generation.settings.server.max_body
        if int(headers.get("content-length", 0)) > limit:
            raise self._too_large(limit)
        parts: list[bytes] = []
        size = 0
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise InvalidRequest("the body ended early")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > limit:
                raise self._too_large(limit)
            more = message.get("more_body", False)
        self._watch()
        return b"".join(parts)

    def require_json(self) -> None:
        """Raise `UnsupportedMediaType` unless the body is declared as JSON.

        A web page can send any other type across origins without asking (CSRF).
        """
        kind = self.connection.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise UnsupportedMediaType("send the body with 'content-type: application/json'")

    def _too_large(self, limit: int) -> PayloadTooLarge:
        return PayloadTooLarge(
            f"the body is larger than {limit} bytes: send less, or raise [server] max_body"
        )

    def infer(self, call: Call) -> Chunks:
        """Run a call through the chain; raise `Forbidden` for a tool that is not for the caller."""
        principal = self.principal
        for tool in call.tools:
            name = tool["function"]["name"]
            if not principal.may_call(name):
                raise Forbidden(f"your key may not use the tool '{name[:64]}'", param="tools")
        call = call.replace(connection=self.connection)
        self._end_inference()
        self.inference = self.scope[KEY] = Inference(call)
        return self.generation.handler(call)

    def _end_inference(self) -> None:
        inference = inference_of(self.scope)
        if inference is not None and inference.ended is None:
            inference.end(self.generation.ended)

    async def models(self) -> tuple[Models, dict[str, str]]:
        """Return the models that the caller may use, and headers for the answer."""
        listing = Listing(principal=self.principal, connection=self.connection)
        models = await self.generation.list_models(listing)
        allowed = [model for model in models if self.principal.may_use(model["name"])]
        return allowed, self.engine_header() | listing.headers

    def engine_header(self) -> dict[str, str]:
        """Return the header that marks answers of the embedded engine."""
        return (
            {"x-localai-engine": "embedded"} if self.generation.ollama.hosts.uses_embedded else {}
        )

    # ---- the answer

    async def send_json(
        self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        """Send a whole answer."""
        await self.start(status, dialects.JSON[self.dialect], headers, length=len(body))
        await self.write(body, more=False)

    async def start(
        self,
        status: int,
        content_type: bytes,
        headers: Mapping[str, str] | None = None,
        length: int | None = None,
    ) -> None:
        """Send the head of an answer; a stream's, if it has no `length`."""
        self.started = True
        raw = [(b"content-type", content_type)]
        if length is not None:
            raw.append((b"content-length", b"%d" % length))
        if headers:
            raw += _raw(headers)
        message = {"type": "http.response.start", "status": status, "headers": raw}
        if length is None and TRAILERS in self.scope.get("extensions", ()):
            self._early = dict(headers or {})
            raw.append((b"trailer", HEADER.encode()))
            message["trailers"] = True
        await self._send(message)

    async def write(self, body: bytes, *, more: bool = True) -> None:
        """Send a piece of the answer; one that blocks for too long ends the exchange."""
        self.writes += 1
        if self._stall_check is not None:
            self._blocked_since = asyncio.get_running_loop().time()
        await self._send({"type": "http.response.body", "body": body, "more_body": more})
        if not more:
            if self._early is not None:
                late = dict(self._own_headers().items() - self._early.items())
                await self._send({"type": TRAILERS, "headers": _raw(late), "more_trailers": False})
            self.finished = True
        self._blocked_since = None

    @property
    def is_blocked(self) -> bool:
        """Whether the client does not read what is sent."""
        return self._blocked_since is not None

    async def fail(self, error: GatewayError) -> None:
        """Answer with an error, as an event when the answer has begun."""
        if self._gone or self.finished:
            return
        note(error, self.scope)
        if self.started:
            await self.write(dialects.error_event(error, self.dialect), more=False)
            return
        headers = self._own_headers() | error.headers()
        if isinstance(error, PayloadTooLarge | UnsupportedMediaType):
            headers["connection"] = "close"  # the rest of the body is not wanted
        await self.send_json(dialects.error_body(error, self.dialect), error.status, headers)

    def _own_headers(self) -> dict[str, str]:
        """Return what plugins have set by now, of a call that came as far as the chain."""
        inference = inference_of(self.scope)
        if inference is None:
            return {}
        headers = inference.headers()
        # A value may be what the caller sent, as a model's name is.
        return {name: redact(value) for name, value in headers.items() if name.startswith(OWN)}

    # ---- ends before its time

    def abort(self, error: GatewayError) -> None:
        """End the exchange with an error, from outside."""
        if self._may_end():
            self._abort = error
            self._end()

    def guard_writes(self) -> None:
        """End the exchange when the client leaves its answer unread for `send_timeout`."""
        limit = self.generation.settings.server.send_timeout
        loop = asyncio.get_running_loop()

        def check() -> None:
            since = self._blocked_since
            if since is not None and loop.time() - since >= limit:
                self._leave()
            else:
                self._stall_check = loop.call_later(limit / 2, check)

        self._stall_check = loop.call_later(limit, check)

    def _watch(self) -> None:
        self.generation.exchanges.add(self)
        loop = asyncio.get_running_loop()
        # Not even a timer for an answer that is out in this turn of the loop.
        self._watch_start = loop.call_soon(self._watch_later, loop)

    def _watch_later(self, loop: asyncio.AbstractEventLoop) -> None:
        self._watch_start = loop.call_later(WATCH_AFTER, self._start_watching, loop)

    def _start_watching(self, loop: asyncio.AbstractEventLoop) -> None:
        self._watcher = loop.create_task(self._wait_for_disconnect(), name="client watcher")

    async def _wait_for_disconnect(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._leave()

    def _leave(self) -> None:
        if self._may_end():
            self._gone = True
            self._end()

    def _may_end(self) -> bool:
        return not (self.finished or self._gone or self._abort)

    def _end(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _unwatch(self) -> None:
        self.generation.exchanges.discard(self)
        for pending in (self._stall_check, self._watch_start, self._watcher):
            if pending is not None:
                pending.cancel()
        # They refer to this exchange: without them it is freed at once, not by the collector.
        self._stall_check = self._watch_start = self._watcher = None


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
