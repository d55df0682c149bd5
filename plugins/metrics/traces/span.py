"""What is known of a span while it runs: little enough that it costs next to nothing.

OpenTelemetry's own objects are made of it in the thread that exports it: to make those on the
event loop takes some ten microseconds for each span.
"""

import secrets
import time
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

Attribute: TypeAlias = str | bool | int | float | tuple[str, ...]

LOW_64 = 2**64 - 1
"""The part of a trace's id that decides about sampling, as OpenTelemetry's `TraceIdRatioBased`."""


class Kind(Enum):
    """What a span stands for; the names are OpenTelemetry's."""

    SERVER = "SERVER"
    INTERNAL = "INTERNAL"
    CLIENT = "CLIENT"


@dataclass(frozen=True, slots=True)
class Remote:
    """The span of a caller that a request says it belongs to."""

    trace_id: int
    span_id: int
    is_sampled: bool
    state: str = ""
    """The `tracestate` that came with it."""


class Span:
    """A part of the work for a request. Times are nanoseconds since 1970."""

    __slots__ = (
        "attributes", "begun", "ended", "error", "is_sampled", "kind", "link", "name", "parent_id",
        "span_id", "state", "trace_id",
    )  # fmt: skip

    def __init__(
        self, name: str, kind: Kind, trace_id: int, parent_id: int, is_sampled: bool, state: str
    ) -> None:
        self.name = name
        self.kind = kind
        self.trace_id = trace_id
        self.span_id = secrets.randbits(64) or 1  # 0 is no id
        self.parent_id = parent_id
        """0 for the first span of a trace."""
        self.is_sampled = is_sampled
        """Whether it will be exported; if not, only its ids matter."""
        self.state = state
        self.begun = time.time_ns()
        self.ended = 0
        """0 while it runs."""
        self.error = ""
        """The class of the error that it ended with."""
        self.attributes: dict[str, Attribute] = {}
        self.link: Remote | None = None
        """A caller's span that it belongs to, as that caller says who is not believed."""

    def child(self, name: str, kind: Kind) -> "Span":
        """Return a span within this one."""
        return Span(name, kind, self.trace_id, self.span_id, self.is_sampled, self.state)

    def end(self) -> None:
        """Note that it is over."""
        self.ended = time.time_ns()


def root(name: str, kind: Kind, ratio: float) -> Span:
    """Return the first span of a trace, sampled in so many of all cases."""
    trace_id = secrets.randbits(128) or 1
    return Span(name, kind, trace_id, 0, (trace_id & LOW_64) < round(ratio * 2**64), "")


def continued(name: str, remote: Remote) -> Span:
    """Return the server's span in a caller's trace, sampled if that is."""
    kind = Kind.SERVER
    return Span(name, kind, remote.trace_id, remote.span_id, remote.is_sampled, remote.state)


CURRENT: ContextVar[Span | None] = ContextVar("span", default=None)
"""The span that this task works on."""
