"""Spans as OpenTelemetry's exporter sends them, by OTLP over HTTP. Needs the extra `traces`."""

import logging
from collections.abc import Mapping, Sequence

from opentelemetry.exporter.otlp.proto.http import trace_exporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.span import TraceState
from requests import Session

from plugins.metrics.traces.span import Span

SCOPE = InstrumentationScope("localai-edge-router")
SAMPLED = TraceFlags(TraceFlags.SAMPLED)


class OtlpSender:
    """Sends spans through an exporter of OpenTelemetry's."""

    def __init__(self, exporter: SpanExporter, resource: Resource) -> None:
        self._exporter = exporter
        self._resource = resource

    def send(self, spans: Sequence[Span]) -> bool:
        """Send spans, and say whether the collector took them."""
        made = [readable(span, self._resource) for span in spans]
        return self._exporter.export(made) is SpanExportResult.SUCCESS

    def close(self) -> None:
        """Stop at once."""
        self._exporter.shutdown()


def connected(
    endpoint: str, headers: Mapping[str, str], timeout: float, service_name: str
) -> OtlpSender:
    """Return a sender to a collector.

    What is empty here is taken from OpenTelemetry's own variables, such as
    OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS and OTEL_SERVICE_NAME.
    """
    # It writes a line for each try; ours are counted, and rare.
    logging.getLogger(trace_exporter.__name__).setLevel(logging.CRITICAL)
    session = Session()
    session.trust_env = False  # no proxy of the environment's stands before a local collector
    exporter = trace_exporter.OTLPSpanExporter(
        endpoint=endpoint or None, headers=headers or None, timeout=timeout, session=session
    )
    return OtlpSender(exporter, resource_of(service_name))


def resource_of(service_name: str) -> Resource:
    """Return who sends the spans: the file's name, else that of the environment, else ours."""
    resource = Resource.create()
    if service_name:
        return resource.merge(Resource({SERVICE_NAME: service_name}))
    if str(resource.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
        return resource.merge(Resource({SERVICE_NAME: "localai"}))
    return resource


def readable(span: Span, resource: Resource) -> ReadableSpan:
    """Return a span as OpenTelemetry's exporters read it."""
    state = TraceState.from_header([span.state]) if span.state else None
    parent = None
    if span.parent_id:
        parent = SpanContext(span.trace_id, span.parent_id, False, SAMPLED, state)
    links = []
    if span.link is not None:
        links = [Link(SpanContext(span.link.trace_id, span.link.span_id, is_remote=True))]
    return ReadableSpan(
        name=span.name,
        context=SpanContext(span.trace_id, span.span_id, False, SAMPLED, state),
        parent=parent,
        resource=resource,
        attributes=span.attributes,
        links=links,
        kind=SpanKind[span.kind.value],
        status=Status(StatusCode.ERROR, span.error) if span.error else Status(),
        start_time=span.begun,
        end_time=span.ended,
        instrumentation_scope=SCOPE,
    )
