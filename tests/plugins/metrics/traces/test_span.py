"""Spans while they run."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.metrics.traces.span import LOW_64, Kind, Remote, Span, continued, root


def test_a_child_belongs_to_its_parents_trace() -> None:
    """It has the trace, the decision and the state of its parent, and an id of its own."""
    parent = continued("request", Remote(7, 8, True, "a=b"))
    child = parent.child("plugin", Kind.INTERNAL)
    assert (child.trace_id, child.parent_id, child.is_sampled, child.state) == (
        7,
        parent.span_id,
        True,
        "a=b",
    )
    assert parent.parent_id == 8
    assert len({child.span_id, parent.span_id, 0}) == 3


def test_a_span_runs_until_it_is_ended() -> None:
    """Its times are those of the clock on the wall."""
    before = time.time_ns()
    span = root("a", Kind.SERVER, 1.0)
    assert span.ended == 0
    span.end()
    assert before <= span.begun <= span.ended <= time.time_ns()


@pytest.mark.parametrize(("ratio", "expected"), [(0.0, 0), (1.0, 200)])
def test_none_and_all_are_sampled_at_the_ends(ratio: float, expected: int) -> None:
    """At 0 no trace is kept, at 1 every one."""
    spans = [root("a", Kind.SERVER, ratio) for _ in range(200)]
    assert sum(span.is_sampled for span in spans) == expected


@given(st.floats(0, 1))
def test_sampling_decides_by_the_low_bits_of_the_trace(ratio: float) -> None:
    """The decision is the one that OpenTelemetry's own sampler takes for the same trace."""
    from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased

    span: Span = root("a", Kind.SERVER, ratio)
    theirs = TraceIdRatioBased(ratio).should_sample(None, span.trace_id, "a").decision
    assert span.is_sampled == (theirs is Decision.RECORD_AND_SAMPLE)
    assert 0 <= span.trace_id & LOW_64 <= LOW_64
