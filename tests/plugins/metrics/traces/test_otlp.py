"""Spans as OpenTelemetry sends them."""

from collections.abc import Iterator

import pytest
from opentelemetry.sdk.resources import SERVICE_NAME
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from plugins.metrics.traces.otlp import OtlpSender, connected, readable, resource_of
from plugins.metrics.traces.span import Kind, Remote, continued, root
from tests.servers.otlp import Collector, collecting


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a developer's own collector out of the tests."""
    for name in ("ENDPOINT", "TRACES_ENDPOINT", "HEADERS"):
        monkeypatch.delenv(f"OTEL_EXPORTER_OTLP_{name}", raising=False)
    monkeypatch.delenv("OTEL_SERVICE_NAME", raising=False)
    monkeypatch.delenv("OTEL_RESOURCE_ATTRIBUTES", raising=False)


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector on a free port."""
    with collecting() as running:
        yield running


def test_a_span_keeps_what_it_says() -> None:
    """Names, ids, times, attributes, links and errors are those of our own span."""
    span = continued("request", Remote(7, 8, True, "a=1"))
    span.attributes |= {"text": "x", "count": 3, "names": ("a", "b")}
    span.link = Remote(9, 10, False)
    span.error = "Unavailable"
    span.end()
    memory = InMemorySpanExporter()
    assert OtlpSender(memory, resource_of("mine")).send([span])
    (made,) = memory.get_finished_spans()
    assert made.context is not None
    assert made.parent is not None
    assert (made.name, made.kind, made.start_time, made.end_time) == (
        "request",
        SpanKind.SERVER,
        span.begun,
        span.ended,
    )
    assert (made.context.trace_id, made.context.span_id) == (7, span.span_id)
    assert (made.parent.trace_id, made.parent.span_id) == (7, 8)
    assert made.context.trace_state["a"] == "1"
    assert dict(made.attributes or {}) == {"text": "x", "count": 3, "names": ("a", "b")}
    assert [link.context.trace_id for link in made.links] == [9]
    assert (made.status.status_code, made.status.description) == (StatusCode.ERROR, "Unavailable")
    assert made.resource.attributes[SERVICE_NAME] == "mine"


def test_the_first_span_of_a_trace_has_no_parent() -> None:
    """What went well has no status of its own."""
    span = root("a", Kind.INTERNAL, 1.0)
    span.end()
    made = readable(span, resource_of(""))
    assert made.parent is None
    assert made.status.status_code is StatusCode.UNSET


def test_spans_reach_a_collector_by_http(collector: Collector) -> None:
    """They come as protobuf over HTTP, with the headers of the file."""
    span = root("a", Kind.CLIENT, 1.0)
    span.attributes["names"] = ("x", "y")
    span.end()
    sender = connected(collector.url, {"authorization": "Bearer t"}, 5, "")
    assert sender.send([span])
    (came,) = collector.spans
    assert (came.name, came.kind, came.service) == ("a", "CLIENT", "localai")
    assert came.trace_id == f"{span.trace_id:032x}"
    assert came.attributes == {"names": ["x", "y"]}
    assert collector.headers[0]["authorization"] == "Bearer t"
    assert collector.headers[0]["content-type"] == "application/x-protobuf"
    sender.close()


def test_what_the_file_leaves_out_is_the_environments(
    collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenTelemetry's variables name the collector, the service and headers."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-mine=1")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "env")
    span = root("a", Kind.CLIENT, 1.0)
    span.end()
    sender = connected("", {}, 5, "")
    assert sender.send([span])
    assert collector.spans[0].service == "env"
    assert collector.headers[0]["x-mine"] == "1"
    sender.close()


def test_a_collector_that_refuses_is_no_success(collector: Collector) -> None:
    """A status that is no 2xx is told to whoever counts."""
    collector.status = 400
    span = root("a", Kind.CLIENT, 1.0)
    span.end()
    sender = connected(collector.url, {}, 5, "")
    assert not sender.send([span])
    sender.close()
