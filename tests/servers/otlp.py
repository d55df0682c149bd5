"""A collector for tests: it takes traces by OTLP over HTTP, and keeps them decoded."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass
class Seen:
    """A span as it came over the wire; ids are in hexadecimal."""

    name: str
    kind: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, Any]
    links: list[str]
    is_error: bool
    begun: int
    ended: int
    service: str


@dataclass
class Collector:
    """What has come, and how to answer."""

    spans: list[Seen] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    raw: bytes = b""
    """All bodies, one after the other."""
    status: int = 200
    url: str = ""
    changed: threading.Condition = field(default_factory=threading.Condition)

    def named(self, name: str) -> list[Seen]:
        """Return the spans of a name, in the order in which they began."""
        found = [span for span in self.spans if span.name == name]
        return sorted(found, key=lambda span: span.begun)

    def wait_for(self, count: int, timeout: float = 10.0) -> list[Seen]:
        """Return all spans as soon as there are so many."""
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.spans) >= count, timeout):
                names = [span.name for span in self.spans]
                raise AssertionError(f"{len(names)} spans came, not {count}: {names}")
        return self.spans


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector on a free port."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            with collector.changed:
                collector.headers.append({k.lower(): v for k, v in self.headers.items()})
                if collector.status == 200:
                    collector.raw += body
                    collector.spans += _decoded(body)
                collector.changed.notify_all()
            self.send_response(collector.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector.url = f"http://127.0.0.1:{server.server_port}/v1/traces"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _decoded(body: bytes) -> list[Seen]:
    request = ExportTraceServiceRequest.FromString(body)
    return [
        Seen(
            name=span.name,
            kind=type(span).SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
            trace_id=span.trace_id.hex(),
            span_id=span.span_id.hex(),
            parent_id=span.parent_span_id.hex(),
            attributes={each.key: _value(each.value) for each in span.attributes},
            links=[link.trace_id.hex() for link in span.links],
            is_error=span.status.code == 2,
            begun=span.start_time_unix_nano,
            ended=span.end_time_unix_nano,
            service=next(
                each.value.string_value
                for each in resource.resource.attributes
                if each.key == "service.name"
            ),
        )
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def _value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(each) for each in value.array_value.values]
    return getattr(value, kind)
