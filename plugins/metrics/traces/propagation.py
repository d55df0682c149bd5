"""`traceparent` and `tracestate`, by W3C Trace Context (Recommendation of 2021-11-23)."""

import re
from collections.abc import Iterable

from plugins.metrics.traces.span import Remote, Span

SAMPLED = 1
"""The one flag of version 00 (§3.2.2.5)."""
MOST_STATE = 512
"""Characters of a `tracestate` that are passed on; §3.3.1.5 asks for as many at least."""

_PARENT = re.compile(r"(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_STATE = re.compile(r"[\x20-\x7e]+")


def remote_of(headers: Iterable[tuple[bytes, bytes]]) -> Remote | None:
    """Return what a request's headers say; `None` for nothing, or for what is not well formed."""
    parents: list[bytes] = []
    states: list[bytes] = []
    for name, value in headers:
        if name == b"traceparent":
            parents.append(value)
        elif name == b"tracestate":
            states.append(value)
    if len(parents) != 1:
        return None
    return parsed(parents[0].decode("latin-1"), ",".join(s.decode("latin-1") for s in states))


def parsed(parent: str, state: str = "") -> Remote | None:
    """Read the two headers; a `tracestate` that is not in order is left out (§3.3.1.4)."""
    match = _PARENT.fullmatch(parent.strip(" \t"))
    if match is None:
        return None
    version, trace_id, span_id, flags, more = match.groups()
    if (version == "00" and more) or not int(trace_id, 16) or not int(span_id, 16):
        return None
    if len(state) > MOST_STATE or not _STATE.fullmatch(state):
        state = ""
    return Remote(int(trace_id, 16), int(span_id, 16), bool(int(flags, 16) & SAMPLED), state)


def headers_of(span: Span) -> dict[str, str]:
    """Return the headers that tell another server of a span."""
    flags = SAMPLED if span.is_sampled else 0
    headers = {"traceparent": f"00-{span.trace_id:032x}-{span.span_id:016x}-{flags:02x}"}
    if span.state:
        headers["tracestate"] = span.state
    return headers
