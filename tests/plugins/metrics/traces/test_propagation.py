"""W3C Trace Context, in and out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from plugins.metrics.traces.propagation import MOST_STATE, headers_of, parsed, remote_of
from plugins.metrics.traces.span import Kind, Remote, Span, root

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
GOOD = f"00-{TRACE}-{SPAN}-01"


@given(st.integers(1, 2**128 - 1), st.integers(0, 2**64 - 1), st.booleans())
def test_what_is_sent_is_what_is_read(trace_id: int, parent_id: int, is_sampled: bool) -> None:
    """A span's headers say its trace, its own id and whether it is kept."""
    span = Span("a", Kind.CLIENT, trace_id, parent_id, is_sampled, "a=1,b=2")
    sent = headers_of(span)
    assert parsed(sent["traceparent"], sent["tracestate"]) == Remote(
        trace_id, span.span_id, is_sampled, "a=1,b=2"
    )


def test_without_a_state_none_is_sent() -> None:
    """An empty tracestate is left out."""
    assert list(headers_of(root("a", Kind.CLIENT, 1.0))) == ["traceparent"]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "00",
        GOOD[:-1],
        GOOD.upper(),
        f"{GOOD}-more",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-0x",
        f"{GOOD}, {GOOD}",
        "\x00" * 55,
        "é" * 55,
    ],
)
def test_what_is_not_well_formed_is_ignored(header: str) -> None:
    """A broken header is as none at all: the router begins a trace of its own."""
    assert parsed(header) is None
    assert remote_of([(b"traceparent", header.encode("latin-1"))]) is None


HEADERS = st.builds(
    "{:02x}-{:032x}-{:016x}-{:02x}{}".format,
    st.sampled_from([0, 0, 1, 255]),
    st.integers(0, 2**128 - 1),
    st.integers(0, 2**64 - 1),
    st.integers(0, 3),
    st.sampled_from(["", "", "-x", "x", "\n"]),
)
"""Nearly as they should be."""


@given(HEADERS | st.text(max_size=80))
def test_no_header_is_taken_that_opentelemetry_would_not_take(header: str) -> None:
    """Whatever is sent, nothing breaks, and what is believed is what others believe too."""
    mine = parsed(header)
    context = TraceContextTextMapPropagator().extract({"traceparent": header})
    theirs = get_current_span(context).get_span_context()
    if mine is not None:
        assert (mine.trace_id, mine.span_id) == (theirs.trace_id, theirs.span_id)
        assert mine.is_sampled == theirs.trace_flags.sampled


def test_a_later_version_is_read_as_this_one() -> None:
    """Of a version to come the known fields are taken (§4.3)."""
    assert parsed(f"01-{TRACE}-{SPAN}-03-and-more") == Remote(int(TRACE, 16), int(SPAN, 16), True)


def test_a_header_that_comes_twice_means_nothing() -> None:
    """Two parents contradict each other."""
    assert remote_of([(b"traceparent", GOOD.encode()), (b"traceparent", GOOD.encode())]) is None


@pytest.mark.parametrize("state", ["x" * (MOST_STATE + 1), "a=\x00", "é=1"])
def test_a_state_out_of_order_is_left_out(state: str) -> None:
    """The trace goes on without it; it can't be used to send anything else along."""
    remote = parsed(GOOD, state)
    assert remote is not None
    assert remote.state == ""


def test_states_of_several_headers_are_joined() -> None:
    """They are one list."""
    headers = [(b"traceparent", GOOD.encode()), (b"tracestate", b"a=1"), (b"tracestate", b"b=2")]
    remote = remote_of(headers)
    assert remote is not None
    assert remote.state == "a=1,b=2"
    assert remote_of([(b"tracestate", b"a=1")]) is None
