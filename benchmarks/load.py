"""A closed-loop load generator that costs much less than what it measures.

Each connection sends its next request when the last answer has ended. An answer counts only if it
has status 200, all its tokens and, for a stream, its end mark; anything else is an error.
"""

import asyncio
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from time import perf_counter
from typing import cast

import httptools

from benchmarks.answers import MARK

_ENDS = {"sse": b"data: [DONE]\n\n", "ndjson": b'"done":true'}
_SEPARATORS = {"sse": b"\n\n", "ndjson": b"\n"}


@dataclass(frozen=True)
class Request:
    """A request to send again and again, and what each answer to it must hold."""

    body: bytes
    """JSON."""
    tokens: int
    """Tokens in each answer."""
    stream: str = ""
    """"" for a plain answer, "sse" or "ndjson"."""
    path: str = "/v1/chat/completions"
    key: str = ""
    """Sent as the bearer, unless empty."""

    def wire(self, port: int) -> bytes:
        """Return the request as it goes over the socket."""
        bearer = f"authorization: Bearer {self.key}\r\n" if self.key else ""
        head = (
            f"POST {self.path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{bearer}"
            f"content-type: application/json\r\ncontent-length: {len(self.body)}\r\n\r\n"
        )
        return head.encode() + self.body


@dataclass(frozen=True)
class Spread:
    """Percentiles of times, in seconds."""

    p50: float
    p95: float
    p99: float
    most: float

    @classmethod
    def of(cls, times: Iterable[float]) -> "Spread":
        """Sort the times; none at all gives zeros."""
        ordered = sorted(times) or [0.0]
        last = len(ordered) - 1
        p50, p95, p99 = (ordered[round(last * part)] for part in (0.50, 0.95, 0.99))
        return cls(p50, p95, p99, ordered[-1])


@dataclass(frozen=True)
class Outcome:
    """What came of a run; its figures mean something only if `errors` is 0."""

    requests: int
    errors: int
    first_error: str
    """The reason of the first error, or ""."""
    chunks: int
    """Events or lines of all streams, the end mark included."""
    tokens: int
    seconds: float
    """Wall time of the whole run."""
    latency: Spread
    """Request sent to answer complete."""
    first_byte: Spread
    """Request sent to first byte of the body."""
    gap: Spread
    """Between two arrivals of bytes of one stream."""


async def run(
    port: int, request: Request, *, requests: int, connections: int, limit: float = 120.0
) -> Outcome:
    """Send `requests` over `connections` to 127.0.0.1 and wait for all answers.

    After `limit` seconds, and when a connection can't be opened, what has no answer is an error.
    """
    loop = asyncio.get_running_loop()
    tally = _Tally(request, request.wire(port), requests)
    start = perf_counter()
    opened: list[asyncio.Transport] = []
    try:
        async with asyncio.timeout(limit):
            for _ in range(min(connections, requests)):
                transport, _protocol = await loop.create_connection(
                    lambda: _Connection(tally), "127.0.0.1", port
                )
                opened.append(transport)
            await tally.finished.wait()
    except TimeoutError:
        tally.give_up(f"no answer within {limit:g} s")
    except OSError as error:
        tally.give_up(f"no connection: {error.strerror}")
    finally:
        for transport in opened:
            transport.close()
    return tally.outcome(perf_counter() - start)


class _Tally:
    """What all connections of a run share."""

    def __init__(self, request: Request, wire: bytes, requests: int) -> None:
        self.wire = wire
        self.to_send = requests
        self.finished = asyncio.Event()
        self.first_bytes = array("d")
        self.gaps = array("d")
        self._request = request
        self._requests = requests
        self._answered = 0
        self._errors = 0
        self._first_error = ""
        self._latencies = array("d")
        self._chunks = 0
        self._tokens = 0
        self._end = _ENDS.get(request.stream, b"")
        self._separator = _SEPARATORS.get(request.stream, b"")

    def answered(self, status: int, body: bytes, seconds: float) -> None:
        tokens = body.count(MARK)
        self._tokens += tokens
        if self._separator:
            self._chunks += body.count(self._separator)
        if status != 200:
            self.failed(f"status {status}: {body[:200].decode(errors='replace')}")
        elif not self._ends_well(body):
            self.failed("the stream did not end as it must")
        elif tokens != self._request.tokens:
            self.failed(f"{tokens} of {self._request.tokens} tokens arrived")
        else:
            self._latencies.append(seconds)
            self._count()

    def failed(self, reason: str) -> None:
        self._errors += 1
        self._first_error = self._first_error or reason
        self._count()

    def give_up(self, reason: str) -> None:
        self.to_send = 0
        while not self.finished.is_set():
            self.failed(reason)

    def outcome(self, seconds: float) -> Outcome:
        return Outcome(
            requests=self._requests,
            errors=self._errors,
            first_error=self._first_error,
            chunks=self._chunks,
            tokens=self._tokens,
            seconds=seconds,
            latency=Spread.of(self._latencies),
            first_byte=Spread.of(self.first_bytes),
            gap=Spread.of(self.gaps),
        )

    def _ends_well(self, body: bytes) -> bool:
        if self._request.stream == "ndjson":
            return self._end in body.rstrip(b"\n").rpartition(b"\n")[2]
        return body.endswith(self._end)

    def _count(self) -> None:
        self._answered += 1
        if self._answered == self._requests:
            self.finished.set()


class _Connection(asyncio.Protocol):
    """One connection; sends, reads the answer, sends again."""

    def __init__(self, tally: _Tally) -> None:
        self._tally = tally
        self._parts: list[bytes] = []
        self._waiting = False
        self._sent = 0.0
        self._arrived = 0.0
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.WriteTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count the answer that was cut off, and those that this connection would have fetched."""
        if self._waiting and not self._tally.finished.is_set():
            self._waiting = False
            self._tally.failed("the connection was closed before the answer ended")
        if self._tally.to_send:
            self._tally.give_up("a connection was closed")

    def data_received(self, data: bytes) -> None:
        if self._parts:
            now = perf_counter()
            self._tally.gaps.append(now - self._arrived)
            self._arrived = now
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._tally.give_up(f"not HTTP: {error}")
            self._transport.close()

    def on_body(self, body: bytes) -> None:
        if not self._parts:
            self._arrived = perf_counter()
            self._tally.first_bytes.append(self._arrived - self._sent)
        self._parts.append(body)

    def on_message_complete(self) -> None:
        body = b"".join(self._parts)
        self._parts.clear()
        self._waiting = False
        self._tally.answered(self._parser.get_status_code(), body, perf_counter() - self._sent)
        self._send()

    def _send(self) -> None:
        if self._tally.to_send:
            self._tally.to_send -= 1
            self._waiting = True
            self._sent = perf_counter()
            self._transport.write(self._tally.wire)
