"""What is sent to each router, and all that was measured."""

from dataclasses import dataclass, field

from benchmarks.metrics_cost.client import chat
from benchmarks.metrics_cost.compare import Estimate, difference, quick


@dataclass(frozen=True)
class Shape:
    """A request of one kind. One is a sample: so short that all of a round see the same machine."""

    name: str
    tokens: int
    stream: bool
    every: int
    """Rounds from one sample to the next."""

    @property
    def body(self) -> bytes:
        """The body of each."""
        return chat(self.tokens, stream=self.stream)


PLAIN = Shape("plain", 16, False, every=1)
SHORT = Shape("short stream", 32, True, every=4)
LONG = Shape("long stream", 288, True, every=4)
"""The streams differ in 256 chunks: what these cost is what a chunk costs."""
SHAPES = (PLAIN, SHORT, LONG)


@dataclass
class Samples:
    """Everything that was measured: microseconds of CPU of the machine of the budgets."""

    requests: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    """Of each request, by router and shape, one value for each round; all threads."""
    rows: dict[str, list[float]] = field(default_factory=dict)
    """Of writing one request's row to the database, by router."""
    idle: dict[str, float] = field(default_factory=dict)
    """Of each second in which nobody asks, by router."""
    slowness: list[float] = field(default_factory=list)
    """How much slower this machine was, from time to time."""

    def plain(self, variant: str) -> float:
        """Return what a plain request takes."""
        return quick(self.requests[variant, PLAIN.name])

    def add(self, variant: str, shape: Shape, microseconds: float) -> None:
        """Note what a request of a round took."""
        self.requests.setdefault((variant, shape.name), []).append(microseconds)

    def request(self, variant: str, base: str) -> Estimate:
        """Return what a plain request takes more than with another router, its row included."""
        ours, theirs = (self.requests[name, PLAIN.name] for name in (variant, base))
        return difference((1, ours), (-1, theirs)) + (self.row(variant) - self.row(base))

    def row(self, variant: str) -> float:
        """Return what it takes to write one request's row."""
        return min(self.rows[variant])

    def chunk(self, variant: str, base: str) -> Estimate:
        """Return what a streamed chunk takes more than with another router."""
        long, short = (
            [self.requests[name, shape.name] for name in (variant, base)] for shape in (LONG, SHORT)
        )
        terms = ((1, long[0]), (-1, short[0]), (-1, long[1]), (1, short[1]))
        return difference(*terms).per(LONG.tokens - SHORT.tokens)
