"""Counters and histograms for Prometheus at `/metrics`. Fails open."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, NamedTuple

from litestar import Response, get
from msgspec import Meta, Struct
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from localai import Chunk, Gateway, Inference, Measure, full_name, hookimpl, inference_of

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
"""From a cache hit to the longest answer of a large model."""
disable_created_metrics()  # type: ignore[no-untyped-call]

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
"""The label of unknown methods, and of all models above the bound."""


class _Series(NamedTuple):
    """The children for one kind and model; `labels` takes five times as long as a look-up."""

    duration: Histogram
    first: Histogram
    input: Counter
    output: Counter


class _Figures(Collector):
    """What other plugins measure, as Prometheus reads it."""

    def __init__(self, measures: Iterable[Measure]) -> None:
        self._measures = measures

    def collect(self) -> Iterator[Metric]:
        """Yield a family for each figure."""
        for measure in self._measures:
            kind = CounterMetricFamily if measure.kind == "counter" else GaugeMetricFamily
            family = kind(measure.name, measure.help, labels=measure.labels)
            for labels, value in measure.values:
                family.add_metric(labels, value)
            yield family


class Prometheus:
    """Measures requests, time to first token, tokens and errors. Label sets are bounded."""

    fail_mode = "open"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.metrics.prometheus]."""

        public: bool = False
        """Serve /metrics to everybody; else it needs the scope metrics:read."""
        max_models: Annotated[int, Meta(ge=1, le=1000)] = 100
        """Most models that get a label of their own."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._models: set[str] = set()
        self._children: dict[Any, Any] = {}
        self._series: dict[tuple[str, str], _Series] = {}
        self.registry = CollectorRegistry()
        self._http = Counter(
            "localai_http_requests_total",
            "HTTP requests by route template, method and status.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        labels = ["kind", "model"]
        self._requests = Counter(
            "localai_inference_requests_total",
            "Inference requests by outcome: ok, canceled, or the class of the error.",
            [*labels, "outcome"],
            registry=self.registry,
        )
        self._first = Histogram(
            "localai_time_to_first_token_seconds",
            "From the request's arrival in the chain to its first token.",
            labels,
            buckets=SECONDS,
            registry=self.registry,
        )
        self._duration = Histogram(
            "localai_inference_duration_seconds",
            "From the request's arrival in the chain until all is sent.",
            labels,
            buckets=SECONDS,
            registry=self.registry,
        )
        self._tokens = Counter(
            "localai_tokens_total",
            "Tokens by direction: input or output.",
            [*labels, "direction"],
            registry=self.registry,
        )

    @hookimpl
    def around_app(self, app: Any) -> Any:
        """Count every HTTP request, 404 and 405 too, and what it asked of a model."""

        async def counted(scope: Any, receive: Any, send: Any) -> None:
            async def noting(message: Any) -> None:
                if message["type"] == "http.response.start":
                    route = scope.get("path_template") or "none"
                    method = scope["method"] if scope["method"] in METHODS else OTHER
                    self._child(self._http, route, method, message["status"]).inc()
                await send(message)

            try:
                await app(scope, receive, noting)
            finally:
                inference = inference_of(scope)
                if inference is not None:
                    self.count(inference)

        return counted

    def count(self, inference: Inference) -> None:
        """Measure an inference that has ended."""
        last = inference.last
        call = inference.call
        model = self._label(last.model if last and last.model else call.model, last)
        series = self._series.get((call.kind, model))
        if series is None:
            series = self._series[call.kind, model] = self._new_series(call.kind, model)
        self._child(self._requests, call.kind, model, inference.outcome).inc()
        series.duration.observe(time.perf_counter() - inference.begun)
        if inference.first is not None:
            series.first.observe(inference.first - inference.begun)
        if last is not None:
            series.input.inc(last.prompt_eval_count)
            series.output.inc(last.eval_count)

    @hookimpl
    def route_handlers(self, gateway: Gateway) -> Sequence[Any]:
        """Serve the figures."""
        opt = {"public": True} if self._config.public else {"scope": "metrics:read"}

        @get("/metrics", opt=opt, media_type=CONTENT_TYPE_LATEST, tags=["Router"])
        async def metrics() -> Response[bytes]:
            """Return all figures in Prometheus' text format."""
            figures = _Figures(list(gateway.measures()))
            text = await asyncio.to_thread(self._text, figures)
            return Response(text, media_type=CONTENT_TYPE_LATEST)

        return [metrics]

    def _text(self, figures: "_Figures") -> bytes:
        others = CollectorRegistry()
        others.register(figures)
        return generate_latest(self.registry) + generate_latest(others)

    def _new_series(self, kind: str, model: str) -> "_Series":
        return _Series(
            duration=self._duration.labels(kind, model),
            first=self._first.labels(kind, model),
            input=self._tokens.labels(kind, model, "input"),
            output=self._tokens.labels(kind, model, "output"),
        )

    def _child(self, metric: Any, *labels: Any) -> Any:
        """Return a metric's child."""
        key = (metric, labels)
        child = self._children.get(key)
        if child is None:
            child = self._children[key] = metric.labels(*labels)
        return child

    def _label(self, model: str, last: Chunk | None) -> str:
        """Return a model's label; names that never answered fold into one."""
        name = full_name(model).lower()
        if name in self._models:
            return name
        if last is None or len(self._models) >= self._config.max_models:
            return OTHER
        self._models.add(name)
        return name
