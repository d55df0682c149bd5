"""The strict front door: uvicorn's HTTP/1.1 protocol with limits, deadlines and one reading.

uvicorn's own protocol bounds neither headers nor time, serves HTTP/0.9 and requests without a
Host, and resets the connection of a client whose body it does not want. This subclass refuses
all that with an answer that the client can read, in the shape of the API that it called.
"""

import asyncio
import enum
import socket
from typing import Any, ClassVar

import httptools
import msgspec
from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from core.http_head import check_headers, check_target, check_version, head_size
from core.http_linger import LingeringTransport
from core.http_refusal import Refused
from core.http_trailers import takes_trailers, with_trailers


class HttpLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one connection may send. Sizes are bytes, times are seconds.

    The times are those of the CIS benchmark for nginx; nginx itself lingers for 5 s of silence.
    """

    header_bytes: int = 32 * 1024
    """Request line and headers together; also trailers, and what is no part of any body."""
    header_count: int = 100
    url_bytes: int = 8 * 1024
    """At most 65,535, above which httptools reads no URL."""
    header_timeout: float = 10.0
    """From a request's first byte, or from the opening of the connection, to its last header."""
    body_timeout: float = 10.0
    """Every stretch of this length has to bring `min_body_rate`, so a shorter body is let be."""
    min_body_rate: float = 100.0
    """Bytes per second."""
    pipelined: int = 16
    """Requests that wait for the answer to an earlier one."""
    linger_bytes: int = 32 * 2**20
    """Input that is discarded so that an early answer can be read: three times the usual body
    limit, because most clients write all of their body before they look at the answer."""
    linger_timeout: float = 5.0


class _Phase(enum.Enum):
    HEAD = enum.auto()  # a head is awaited, or arriving
    BODY = enum.auto()  # a body is arriving
    QUIET = enum.auto()  # nothing has to arrive: an answer is under way, or keep-alive
    ENDING = enum.auto()  # a request was refused; input is discarded


# Enum members cost an attribute look-up each; these are on the path of every request.
HEAD, BODY, QUIET, ENDING = _Phase


class StrictProtocol(HttpToolsProtocol):
    """One connection, held to `limits`. Run uvicorn with `ws="none", server_header=False` too.

    Deadlines need one timer per connection and none per request or chunk: it runs at least once
    per timeout, compares what has arrived since, and sets itself anew. That is a tenth of a
    timer event per second and connection, where a sweep over all connections would stall the
    loop once a second, for longer the more there are. It is exact all the same: a deadline that
    begins after one tick cannot end before the next.
    """

    limits: ClassVar[HttpLimits] = HttpLimits()
    transport: LingeringTransport

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.url = self.good_target = b""  # most clients send one target over and over
        self.phase = HEAD
        self.since = 0.0
        """The loop's time at which the current head, or stretch of a body, began."""
        self.received = 0
        """Bytes since then."""
        self.unused = 0
        """Bytes since the last that began a request, ended a head or belonged to a body."""
        self.read_bytes = self.began_in = 0
        """The size of the current read, and of the read in which the current request began."""
        self.max_headers = self.limits.header_count  # bound once: read for every header
        self.max_head = self.limits.header_bytes
        self.max_url = self.limits.url_bytes
        self.timer: asyncio.TimerHandle | None = None
        self.running: RequestResponseCycle | None = None
        """The request that the app works on; `cycle` is the newest, which may still be queued."""
        self.refusal: bytes | None = None
        """A refusal that waits for the answers to earlier requests."""
        self.framing: tuple[bytes, bytes] | None = None
        """The header that frames a body which the parser skipped, see `_skip_upgrade`."""
        self.rereading = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock of the first request."""
        super().connection_made(transport)
        self.transport = LingeringTransport(
            transport, self.limits.linger_bytes, self.limits.linger_timeout
        )
        self.since = self.loop.time()
        if self.client is None and not _is_unix(transport):
            # It is gone already, so nobody knows whose it was; and a caller without an address
            # is taken for one on a Unix socket, which is this machine.
            self.phase = ENDING
            transport.abort()
        self._check_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock, and tell the running request, not only the newest one as uvicorn does."""
        self.phase = ENDING
        if self.timer is not None:
            self.timer.cancel()
        if self.running is not None and not self.running.response_complete:
            self.running.disconnected = True
            self.running.message_event.set()
        self.transport.connection_lost()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read requests; answer what is refused."""
        if self.phase is ENDING:
            self.transport.discard(len(data))
            return
        self.read_bytes = size = len(data)
        self.received += size
        self.unused += size
        try:
            self._parse(data)
        except Refused as refusal:
            self._refuse(refusal, data)

    def _parse(self, data: bytes) -> None:
        while True:
            try:
                self.parser.feed_data(data)
                break
            except httptools.HttpParserUpgrade as upgrade:
                data = data[upgrade.args[0] :]
            except httptools.HttpParserCallbackError as error:
                if isinstance(error.__context__, Refused):
                    raise error.__context__ from None
                raise
            except httptools.HttpParserError:
                raise Refused(
                    400, "this is no valid HTTP/1.1 request: check its framing and headers"
                ) from None
            self._skip_upgrade()
        if self.unused > self.max_head:
            raise self._too_long()
        if self.phase is HEAD:
            if self.url and data.endswith(b"\n") and self.parser.get_http_version() == "0.0":
                check_version("0.9")  # for which the parser would wait for a second line
        elif self.phase is BODY and self.cycle.response_complete:
            self.transport.discard(len(data))

    def _too_long(self) -> Refused:
        if len(self.url) > self.max_url:
            return Refused(414, "the URL is too long: send the data in the body")
        return Refused(431, "the headers are too large or too many: send fewer and shorter ones")

    def _skip_upgrade(self) -> None:
        """Go on in HTTP/1.1 after a head that offers another protocol, as RFC 9110 §7.8 allows.

        The parser takes what follows such a head for the other protocol and skips the body, which
        Java's client sends with its offer of h2c. A new parser is shown how the body is framed.
        """
        if self.framing is None:
            return
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.rereading = True
        self.parser.feed_data(b"POST / HTTP/1.1\r\n%b: %b\r\n\r\n" % self.framing)
        self.rereading = False
        self.framing = None

    def on_message_begin(self) -> None:
        """Start the clock of a request, unless it has run since the connection was opened."""
        if self.rereading:
            return
        # Not in data_received: a client can't hold an idle connection open with empty lines.
        self._unset_keepalive_if_required()
        super().on_message_begin()
        self.unused = 0
        self.began_in = self.read_bytes
        if self.phase is not HEAD:
            self.phase = HEAD
            self.since = self.loop.time()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Collect a header, without the white space that RFC 9112 §5.1 allows around its value."""
        self.headers.append((name.lower(), value.rstrip(b" \t")))
        if len(self.headers) > self.max_headers:
            raise self._too_long()

    def on_headers_complete(self) -> None:
        """Check the head as a whole, and start the request."""
        if self.rereading:
            self.headers = []
            return
        if len(self.url) > self.max_url or (
            self.began_in + self.unused > self.max_head  # else it can't be too long
            and head_size(self.url, self.headers) > self.max_head
        ):
            raise self._too_long()
        version = self.parser.get_http_version()
        check_version(version)
        if self.url != self.good_target:
            check_target(self.url)
            self.good_target = self.url
        self.expect_100_continue = check_headers(version, self.headers)
        if len(self.pipeline) >= self.limits.pipelined:
            raise Refused(429, "too many requests at once: wait for answers before sending more")
        super().on_headers_complete()
        if not self.pipeline:
            self.running = self.cycle
        if self.parser.should_upgrade():
            self.framing = _framing(self.headers)
        self.headers = []  # the app has them; trailers (RFC 9110 §6.5.1) must not join them
        self.phase = BODY
        self.since = self.loop.time()
        self.received = self.unused = 0
        self.transport.receiving = True

    def on_body(self, body: bytes) -> None:
        """Hand on a piece of the body."""
        self.unused = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request, unless its body has been skipped so far."""
        if self.framing is not None:
            return
        super().on_message_complete()
        self.phase = QUIET
        self.unused = 0
        self.transport.receiving = False

    def _should_upgrade(self) -> bool:
        return False

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        if takes_trailers(cycle.scope):
            app = with_trailers(app, cycle)
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        """Start the next request of a pipeline, or send the refusal that ends it."""
        if self.phase is BODY:
            self.transport.bytes_left = self.limits.linger_bytes
        following = self.pipeline[-1][0] if self.pipeline else None
        super().on_response_complete()
        if following is not None:
            self.running = following
        elif self.refusal is not None:
            self._send_refusal(self.refusal)

    def _check_clock(self) -> None:
        """Refuse a request that is late, and come back when the next one can be."""
        limits = self.limits
        now = self.loop.time()
        tick = min(limits.header_timeout, limits.body_timeout)
        late_at = now + tick
        if self.phase is ENDING:
            return
        if self.flow.read_paused or (self.phase is BODY and self.cycle.waiting_for_100_continue):
            self.since, self.received = now, 0  # the client waits for us
        elif self.phase is HEAD:
            late_at = self.since + limits.header_timeout
            if now >= late_at:
                self._refuse(Refused(408, "the request's headers took too long: send them at once"))
                return
        elif self.phase is BODY and now >= self.since + limits.body_timeout:
            if self.received < limits.min_body_rate * (now - self.since):
                self._refuse(Refused(408, "the request's body came too slowly: send it again"))
                return
            self.since, self.received = now, 0
        elif self.phase is BODY:
            late_at = self.since + limits.body_timeout
        self.timer = self.loop.call_at(min(late_at, now + tick), self._check_clock)

    def _refuse(self, refusal: Refused, data: bytes = b"") -> None:
        """Answer with `refusal` once all earlier requests are answered, and end the connection."""
        client = self.client[0] if self.client else "a client"
        self.logger.info(
            "refused %s with %d: %s (request %s)",
            client, refusal.status, refusal.message, refusal.request_id,
        )  # fmt: skip
        # Where the parser gave up inside the target, it has not handed it over.
        path = self.url or data.partition(b" ")[2]
        is_head = bool(self.url) and self.parser.get_method() == b"HEAD"
        answer = refusal.answer(path, self.server_state.default_headers, with_body=not is_head)
        has_cycle = self.phase is BODY
        self.phase = ENDING
        if has_cycle and self.cycle is not self.running:
            self.pipeline.popleft()  # the newest, which can't have started
        elif has_cycle:
            started = self.cycle.response_started
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            if started:
                self.transport.linger()  # half of another answer is out; its end stays missing
            else:
                self._send_refusal(answer)
            return
        if self.running is None or self.running.response_complete:
            self._send_refusal(answer)
        else:
            self.refusal = answer

    def _send_refusal(self, answer: bytes) -> None:
        if self.transport.is_closing():  # the answer before this one was the connection's last
            return
        self._unset_keepalive_if_required()
        self.transport.write(answer)
        self.transport.linger()


def strict_protocol(limits: HttpLimits) -> type[HttpToolsProtocol]:
    """Return the protocol class to give uvicorn as `http=`; uvicorn makes the instances itself."""
    return type("LimitedProtocol", (StrictProtocol,), {"limits": limits})


def _is_unix(transport: asyncio.BaseTransport) -> bool:
    sock = transport.get_extra_info("socket")
    return sock is not None and sock.family == socket.AF_UNIX


def _framing(headers: list[tuple[bytes, bytes]]) -> tuple[bytes, bytes] | None:
    """Return the header that says that, and how, a body follows."""
    for header in headers:
        if header[0] == b"transfer-encoding" or (header[0] == b"content-length" and int(header[1])):
            return header
    return None
