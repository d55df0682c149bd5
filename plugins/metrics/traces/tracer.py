"""Which span begins when, and within which other one."""

import asyncio
from collections.abc import Callable, MutableMapping
from contextlib import aclosing
from functools import partial
from time import monotonic
from typing import Any

import structlog

from localai import Attempt, Call, Chunk, Chunks, Connection, Handler, Work
from plugins.metrics.traces.attributes import describe_attempt, describe_request, name_of
from plugins.metrics.traces.propagation import headers_of, remote_of
from plugins.metrics.traces.span import CURRENT, Kind, Span, continued, root

log = structlog.get_logger("traces")

FIRST = "localai.first_chunk.seconds"
"""How long a plugin took until its answer began, with all that stands inside of it."""


class Tracer:
    """Begins spans, and gives those that have ended to `put`."""

    def __init__(
        self, put: Callable[[Span], None], *, ratio: float, trust_callers: bool = False
    ) -> None:
        self._put = put
        self._ratio = ratio
        self._trust_callers = trust_callers

    def request(self, scope: MutableMapping[str, Any]) -> Span:
        """Return the span of a request: in its caller's trace, if the caller is believed."""
        remote = remote_of(scope["headers"])
        if remote is None:
            return root("request", Kind.SERVER, self._ratio)
        if self._trust_callers or Connection(scope).is_loopback:
            return continued("request", remote)
        span = root("request", Kind.SERVER, self._ratio)
        span.link = remote
        return span

    def requested(self, span: Span, scope: MutableMapping[str, Any]) -> None:
        """End the span of a request."""
        self._finish(span, partial(describe_request, span, scope))

    def following(self, name: str, next: Handler) -> Handler:
        """Return a plugin's handler in a span; calls that are not sampled pass by."""

        def followed(call: Call) -> Chunks:
            parent = self._parent(call.work)
            if parent is None:
                span = call.work.span = root(name, Kind.INTERNAL, self._ratio)
            elif parent.is_sampled:
                span = parent.child(name, Kind.INTERNAL)
            else:
                span = parent
            return self._follow(span, parent or span, next, call) if span.is_sampled else next(call)

        return followed

    def attempt(self, attempt: Attempt) -> Callable[[], None] | None:
        """Begin the span of a call to an Ollama, and tell that server of it; return its end."""
        call = attempt.call
        parent = self._parent(call.work)
        if parent is None:
            span = root(name_of(call), Kind.CLIENT, self._ratio)
        else:
            span = parent.child(name_of(call), Kind.CLIENT) if parent.is_sampled else parent
        attempt.headers.update(headers_of(span))
        if not span.is_sampled:
            return None
        return partial(self._finish, span, partial(describe_attempt, span, attempt))

    def _parent(self, work: Work) -> Span | None:
        """Return the span in which something begins to be done for a call.

        It is that of the plugin at work in this task, else the last one that was at work for the
        call. A run of the cache may go on without its first caller, and a load has no context.
        """
        current = CURRENT.get()
        if current is not None and not current.ended:
            work.span = current
        found: Span | None = work.span
        return found

    async def _follow(self, span: Span, parent: Span, next: Handler, call: Call) -> Chunks:
        work, outer = call.work, CURRENT.get()
        work.span = span
        CURRENT.set(span)
        begun = monotonic()
        is_first = True
        chunk: Chunk | None = None
        try:
            async with aclosing(next(call)) as chunks:
                async for chunk in chunks:
                    if is_first:
                        # Generators share their caller's context: from now on it is the caller's.
                        is_first = False
                        CURRENT.set(outer)
                        work.span = parent
                        span.attributes[FIRST] = monotonic() - begun
                    yield chunk
        except (GeneratorExit, asyncio.CancelledError):
            if chunk is None or not chunk.done:
                span.attributes["localai.outcome"] = "canceled"
            raise
        except Exception as error:
            span.error = type(error).__name__
            span.attributes["error.type"] = span.error
            raise
        finally:
            if is_first:
                CURRENT.set(outer)
                work.span = parent
            span.end()
            self._put(span)

    def _finish(self, span: Span, describe: Callable[[], None]) -> None:
        """Send a span that is over; a mistake in it must not reach what it stands for."""
        span.end()
        if not span.is_sampled:
            return
        try:
            describe()
        except Exception:
            log.exception("a span is left out")
        else:
            self._put(span)
