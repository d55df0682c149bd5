"""One line per request, without what was asked or answered. Fails open."""

from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Annotated, Any

import structlog
from msgspec import Meta, Struct

from localai import Gateway, Handler, hookimpl
from plugins.metrics.log.content import Contents
from plugins.metrics.log.line import line

log = structlog.get_logger("request")

PROBES = frozenset({"/health", "/health/live", "/health/ready", "/metrics"})
"""Paths that machines ask for every few seconds."""
QUIET = PROBES | {"/ui"}
"""With the page itself: the slash of its address is gone when its request has ended."""
BELOW_PAGE = "/ui/"
"""Where the page's many files and its stream are."""


class RequestLog:
    """Writes who asked which model, how it ended, how long it took and what it cost."""

    fail_mode = "open"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.metrics.log]."""

        health: bool = False
        """Write a line for /health, /health/live, /health/ready, /metrics and /ui/ too."""
        content: bool = False
        """Write the beginning of each question and its answer too, on a line of their own, without
        the personal data and secrets that guardrails.pii knows; that must be on."""
        content_limit: Annotated[int, Meta(ge=1, le=100_000)] = 2000
        """Most characters of a question, and of an answer."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._contents = Contents(config.content_limit) if config.content else None
        self.needs = ("guardrails.pii",) if config.content else ()

    @hookimpl
    def around_app(self, app: Any) -> Any:
        """Write the line when the request has ended, however it did."""
        writes_all = self._config.health

        async def logged(scope: Any, receive: Any, send: Any) -> None:
            try:
                await app(scope, receive, send)
            finally:
                path: str = scope["path"]
                if writes_all or not (path in QUIET or path.startswith(BELOW_PAGE)):
                    log.info("request", **line(scope))

        return logged

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Keep what is asked and answered, if the file says so; else stay out of the way."""
        return next if self._contents is None else self._contents.around(next)

    @hookimpl
    def lifespan(self, gateway: Gateway) -> AbstractAsyncContextManager[None]:
        """Write the contents, if the file says so."""
        return nullcontext() if self._contents is None else self._contents.running(gateway)
