"""The figures of the budget table: what each sends, what it counts and what the budget is."""

import json
from dataclasses import dataclass

from benchmarks.gateways import KEY
from benchmarks.load import Request


@dataclass(frozen=True)
class Figure:
    """One row of the table."""

    name: str
    title: str
    unit: str
    budget: float
    """Most that the router may cost, in `unit`."""
    goal: float
    """What the router aims at, in `unit`."""


@dataclass(frozen=True)
class LoadFigure(Figure):
    """CPU time of the gateway for each unit of work, in microseconds."""

    request: Request
    connections: int
    requests: int
    """In each round, for a gateway that gets the whole work."""
    per_token: bool = False
    """The unit of work is a token of a stream, not a request."""
    cached: bool = False
    """The upstream must see none of the requests; otherwise it must see every one."""

    @property
    def warm_up(self) -> int:
        """Requests before each measurement."""
        return max(self.connections, self.requests // 10)

    def units(self, requests: int) -> int:
        """Return how many units of work that many requests are."""
        return requests * self.request.tokens if self.per_token else requests


def _chat(model: str, tokens: int, *, stream: bool = False, temperature: float = 0.7) -> Request:
    body = {
        "model": model,
        "messages": [
            {"role": "system", "content": "You answer in one short paragraph."},
            {"role": "user", "content": "Why is the sky blue, and why is it red in the evening?"},
        ],
        "temperature": temperature,
        "stream": stream,
    }
    return Request(json.dumps(body).encode(), tokens, "sse" if stream else "", key=KEY)


PLAIN = LoadFigure(
    "plain",
    "plain chat request, c=16",
    "µs/request",
    400,
    200,
    _chat("burst-16", 16),
    connections=16,
    requests=4000,
)
CACHE_HIT = LoadFigure(
    "cache-hit",
    "cache hit, c=16",
    "µs/request",
    150,
    80,
    _chat("burst-16", 16, temperature=0.0),
    connections=16,
    requests=8000,
    cached=True,
)
BURST = LoadFigure(
    "burst",
    "streamed chunk, bursts of 64 tokens, c=64",
    "µs/chunk",
    20,
    12,
    _chat("burst-64", 64, stream=True),
    connections=64,
    requests=512,
    per_token=True,
)
PACED = LoadFigure(
    "paced",
    "streamed chunk, 16 streams, one token in 5 ms",
    "µs/chunk",
    80,
    50,
    _chat("paced-5ms-200", 200, stream=True),
    connections=16,
    requests=32,
    per_token=True,
)
LOADS = (PLAIN, CACHE_HIT, BURST, PACED)

START = Figure("start", "start to first 200", "s", 1.5, 0.8)
MEMORY = Figure("memory", "memory after start", "MB", 110, 90)
GROWTH = Figure("growth", "memory grown after 20,000 requests", "MB", 5, 2)
GROWTH_REQUESTS = 20_000
FIGURES: tuple[Figure, ...] = (*LOADS, MEMORY, GROWTH, START)
