"""Spans of requests, plugins and calls to Ollama, for OpenTelemetry. Fails open."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from localai import (
    Attempt,
    Duration,
    Gateway,
    Handler,
    Measure,
    Secret,
    SettingsError,
    hookimpl,
)
from plugins.metrics.log.line import TRACE
from plugins.metrics.log.plugin import PROBES
from plugins.metrics.traces.exporter import Exporter, Sender
from plugins.metrics.traces.span import CURRENT
from plugins.metrics.traces.tracer import Tracer

INSTALL = "pip install 'localai-edge-router[traces]'"


class Traces:
    """Follows each sampled request through the plugins to the Ollamas, and sends its spans."""

    fail_mode = "open"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.metrics.traces]."""

        endpoint: str = ""
        """Where the collector takes traces by OTLP/HTTP, as http://127.0.0.1:4318/v1/traces; empty:
        what OTEL_EXPORTER_OTLP_ENDPOINT says, else that address."""
        headers: dict[str, Secret] = field(default_factory=dict)
        """Headers for the collector: { authorization = "${OTLP_AUTHORIZATION}" }."""
        service_name: str = ""
        """The name of this router in traces; empty: what OTEL_SERVICE_NAME says, else localai."""
        sample_ratio: Annotated[float, Meta(ge=0, le=1)] = 1.0
        """Part of the requests that are traced; in the trace of a caller, the caller decides."""
        trust_callers: bool = False
        """Go on with the trace of every caller who names one; else only with those of programs on
        this machine, and traces of others are linked."""
        plugins: bool = True
        """A span for each plugin that a request passes."""
        interval: Duration = Duration(5)
        """How often spans are sent."""
        timeout: Duration = Duration(10)
        """Time that the collector may take."""
        queue: Annotated[int, Meta(ge=512, le=1_000_000)] = 8192
        """Most spans that wait to be sent; further ones are dropped."""
        flush_timeout: Duration = Duration(5)
        """Time that the last spans may take when the router stops."""

    def __init__(self, config: Config) -> None:
        try:
            from plugins.metrics.traces.otlp import connected
        except ImportError as error:
            raise SettingsError(f"traces need OpenTelemetry: {INSTALL}") from error
        if config.endpoint and not config.endpoint.startswith(("http://", "https://")):
            raise SettingsError(
                f"endpoint: '{config.endpoint}' is no URL: write http://127.0.0.1:4318/v1/traces"
            )
        self._config = config

        def connect() -> Sender:
            headers = {name: value.reveal() for name, value in config.headers.items()}
            return connected(config.endpoint, headers, config.timeout, config.service_name)

        self._exporter = Exporter(connect, most=config.queue, interval=config.interval)
        self._tracer = Tracer(
            self._exporter.put, ratio=config.sample_ratio, trust_callers=config.trust_callers
        )

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, gateway: Gateway) -> AsyncIterator[None]:
        """Send spans in between."""
        self._exporter.start()
        try:
            yield
        finally:
            await self._exporter.close(self._config.flush_timeout)

    @hookimpl
    def measures(self) -> Iterable[Measure]:
        """Return how many spans were sent, and how many were lost."""
        return [
            Measure(
                name="localai_trace_spans_total",
                help="Spans by what became of them: exported, failed or dropped.",
                kind="counter",
                labels=("outcome",),
                values=[((outcome,), count) for outcome, count in self._exporter.counts.items()],
            )
        ]

    @hookimpl
    def around_app(self, app: Any) -> Any:
        """Put each request into a span, but for those that only look whether the router lives."""

        async def traced(scope: Any, receive: Any, send: Any) -> None:
            if scope["path"] in PROBES:
                await app(scope, receive, send)
                return
            span = self._tracer.request(scope)
            if span.is_sampled:
                scope[TRACE] = f"{span.trace_id:032x}"
            outer = CURRENT.get()
            CURRENT.set(span)
            try:
                await app(scope, receive, send)
            finally:
                CURRENT.set(outer)
                self._tracer.requested(span, scope)

        return traced

    @hookimpl
    def around_plugin(self, name: str, next: Handler) -> Handler:
        """Put each plugin into a span."""
        return self._tracer.following(name, next) if self._config.plugins else next

    @hookimpl
    def watch_attempt(self, attempt: Attempt) -> Callable[[], None] | None:
        """Put each call to an Ollama into a span, and tell that server of it."""
        return self._tracer.attempt(attempt)
