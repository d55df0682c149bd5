"""Which span begins when, and within which other one."""

import asyncio
import contextvars
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest
from structlog.testing import capture_logs

from localai import Attempt, Call, Chunk, Chunks, Handler, Unavailable
from plugins.metrics.traces.span import CURRENT, Kind, Span, root
from plugins.metrics.traces.tracer import FIRST, Tracer
from tests.integration.box import until
from tests.plugins.metrics.requests import scope_of
from tests.plugins.support import HELLO, Model, a_call, all_of


@pytest.fixture
def spans() -> list[Span]:
    """All spans that have ended."""
    return []


@pytest.fixture
def tracer(spans: list[Span]) -> Tracer:
    """One that samples everything."""
    return Tracer(spans.append, ratio=1.0)


def _named(spans: list[Span]) -> dict[str, Span]:
    return {span.name: span for span in spans}


async def _attempting(tracer: Tracer, call: Call) -> Chunks:
    """Answer a call as Ollama's client does, with an attempt that is watched."""
    attempt = Attempt(call)
    attempt.on("http://127.0.0.1:11434", "1", [tracer.attempt])
    for chunk in HELLO:
        yield attempt.saw(chunk)


async def test_plugins_are_nested_and_the_caller_is_left_alone(
    tracer: Tracer, spans: list[Span]
) -> None:
    """Within a plugin its span is the current one; from the first chunk on it is the caller's."""
    seen: list[Span | None] = []

    async def inner(call: Call) -> Chunks:
        seen.append(CURRENT.get())
        async for chunk in _attempting(tracer, call):
            yield chunk

    handler = tracer.following("outer", tracer.following("inner", inner))
    server = root("request", Kind.SERVER, 1.0)
    CURRENT.set(server)
    got = []
    async with aclosing(handler(a_call())) as chunks:
        async for chunk in chunks:
            got.append(chunk)
            assert CURRENT.get() is server
    found = _named(spans)
    assert tuple(got) == HELLO
    assert [found[each].parent_id for each in ("outer", "inner", "chat llama3.2")] == [
        server.span_id,
        found["outer"].span_id,
        found["inner"].span_id,
    ]
    assert seen == [found["inner"]]
    seconds = [found[each].attributes[FIRST] for each in ("inner", "outer")]
    assert seconds == sorted(seconds, key=lambda each: float(str(each)))


async def test_what_nobody_asked_for_is_a_trace_of_its_own(
    tracer: Tracer, spans: list[Span]
) -> None:
    """A plugin's own call begins one, whose first span is the outermost plugin's."""
    handler = tracer.following("outer", tracer.following("inner", Model(*HELLO).infer))
    await all_of(handler, a_call())
    outer, inner = _named(spans)["outer"], _named(spans)["inner"]
    assert (outer.parent_id, inner.parent_id) == (0, outer.span_id)


async def test_a_task_without_context_belongs_to_its_call(
    tracer: Tracer, spans: list[Span]
) -> None:
    """Where the task tells nothing, the call does: a load goes into the trace that needs it."""

    def queue(next: Handler) -> Handler:
        async def queued(call: Call) -> Chunks:
            load = call.replace(messages=())
            await asyncio.create_task(
                _all(_attempting(tracer, load)), context=contextvars.Context()
            )
            async with aclosing(next(call)) as chunks:
                async for chunk in chunks:
                    yield chunk

        return queued

    await all_of(tracer.following("queue", queue(Model(*HELLO).infer)), a_call())
    found = _named(spans)
    assert found["load llama3.2"].parent_id == found["queue"].span_id


async def _all(chunks: AsyncIterator[Chunk]) -> None:
    async for _ in chunks:
        pass


async def test_a_context_of_the_past_means_nothing(tracer: Tracer, spans: list[Span]) -> None:
    """A task that was begun by a request, long ago, does not add to that one's trace."""
    old = root("request", Kind.SERVER, 1.0)
    old.end()
    CURRENT.set(old)
    await all_of(tracer.following("p", Model(*HELLO).infer), a_call())
    (span,) = spans
    assert span.trace_id != old.trace_id


async def test_a_decision_against_a_trace_holds_for_all_of_it(spans: list[Span]) -> None:
    """What is not sampled passes by without a generator, and Ollama is told so."""
    tracer = Tracer(spans.append, ratio=0.0)
    headers: list[dict[str, str]] = []

    def watch(attempt: Attempt) -> Any:
        end = tracer.attempt(attempt)
        headers.append(attempt.headers)
        return end

    async def inner(call: Call) -> Chunks:
        for _ in range(2):
            Attempt(call).on("http://127.0.0.1:1", "1", [watch])
        yield HELLO[-1]

    handler = tracer.following("outer", tracer.following("inner", inner))
    chunks = handler(a_call())
    assert getattr(chunks, "__qualname__", "").endswith("inner")
    await _all(chunks)
    assert spans == []
    first, second = (each["traceparent"] for each in headers)
    assert first == second
    assert first.endswith("-00")


@pytest.mark.parametrize("failure", [Unavailable("busy"), ValueError("a bug")])
async def test_errors_pass_and_are_told(
    tracer: Tracer, spans: list[Span], failure: Exception
) -> None:
    """A failure of any kind is the class in the span, and reaches the caller as it is."""
    handler = tracer.following("p", Model(HELLO[0], failure=failure).infer)
    with pytest.raises(type(failure)) as raised:
        await all_of(handler, a_call())
    assert raised.value is failure
    assert spans[0].error == type(failure).__name__


@pytest.mark.parametrize(("taken", "outcome"), [(1, "canceled"), (3, None)])
async def test_an_answer_that_is_left_is_canceled(
    tracer: Tracer, spans: list[Span], taken: int, outcome: str | None
) -> None:
    """But not if its last chunk was taken."""
    model = Model(*HELLO)
    async with aclosing(tracer.following("p", model.infer)(a_call())) as chunks:
        for _ in range(taken):
            await anext(chunks)
    assert spans[0].attributes.get("localai.outcome") == outcome
    assert spans[0].error == ""
    assert model.closed == 1


async def test_cancellation_passes(tracer: Tracer, spans: list[Span]) -> None:
    """A task that is cancelled within a plugin ends, and the span with it."""
    model = Model(*HELLO)
    model.gate = asyncio.Event()
    server = root("request", Kind.SERVER, 1.0)
    CURRENT.set(server)
    task = asyncio.create_task(all_of(tracer.following("p", model.infer), a_call()))
    await until(lambda: model.calls)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert spans[0].attributes["localai.outcome"] == "canceled"
    assert model.closed == 1


def test_a_span_that_can_not_be_described_is_left_out(tracer: Tracer, spans: list[Span]) -> None:
    """A mistake in a span is a line of the log, and never reaches the request."""
    span = root("request", Kind.SERVER, 1.0)
    with capture_logs() as logs:
        tracer.requested(span, {})
    assert spans == []
    assert [line["event"] for line in logs] == ["a span is left out"]


def test_a_caller_who_is_not_believed_is_linked(tracer: Tracer) -> None:
    """The trace is a new one; the caller's is named beside it."""
    scope = scope_of()
    scope["client"] = ("192.0.2.1", 1)
    scope["headers"] = [(b"traceparent", b"00-" + b"1" * 32 + b"-" + b"2" * 16 + b"-01")]
    span = tracer.request(scope)
    assert span.link is not None
    assert span.link.trace_id == int("1" * 32, 16) != span.trace_id
    scope["client"] = ("127.0.0.1", 1)
    assert tracer.request(scope).trace_id == int("1" * 32, 16)
