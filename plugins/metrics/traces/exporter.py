"""Spans on their way out: a bounded queue, and a thread that sends what is in it."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from plugins.metrics.traces.span import Span

log = structlog.get_logger("traces")

BATCH = 512
"""Spans that are sent at once, as OpenTelemetry's own processor does."""
QUIET = 60.0
"""Seconds between two lines of the log about a collector that takes nothing."""


class Sender(Protocol):
    """Sends spans; may block, and is called in one thread only."""

    def send(self, spans: Sequence[Span]) -> bool:
        """Send spans, and say whether the collector took them."""

    def close(self) -> None:
        """Stop at once, also while another thread sends."""


class Exporter:
    """Takes spans that have ended; a collector that does not answer costs those, and no time."""

    def __init__(self, connect: Callable[[], Sender], *, most: int, interval: float) -> None:
        self._connect = connect
        self._most = most
        self._interval = interval
        self._waiting: deque[Span] = deque()
        self._awake = threading.Event()
        self._leaving = False
        self._sender: Sender | None = None
        self._thread: threading.Thread | None = None
        self._silent_until = 0.0
        self.counts = {"exported": 0, "failed": 0, "dropped": 0}
        """Spans by what became of them."""

    def put(self, span: Span) -> None:
        """Take a span that has ended; while too many wait, it is dropped."""
        if len(self._waiting) >= self._most:
            self.counts["dropped"] += 1
            return
        self._waiting.append(span)
        if len(self._waiting) == BATCH:
            self._awake.set()

    def start(self) -> None:
        """Begin to send."""
        self._leaving = False
        self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
        self._thread.start()

    async def close(self, deadline: float) -> None:
        """Send what waits, for at most so many seconds; then stop."""
        self._leaving = True
        self._awake.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, deadline)
        if self._sender is not None:
            await asyncio.to_thread(self._sender.close)
        if self._waiting:
            log.warning("spans were not sent", count=len(self._waiting))

    def _run(self) -> None:
        try:
            self._sender = sender = self._connect()
        except Exception as error:
            log.error("spans can't be sent: check endpoint and headers", error=type(error).__name__)
            return
        while not self._leaving:
            self._awake.wait(self._interval)
            self._awake.clear()
            self._send_all(sender)
        self._send_all(sender)

    def _send_all(self, sender: Sender) -> None:
        while self._waiting:
            spans = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            try:
                is_sent = sender.send(spans)
            except Exception as error:
                is_sent = False
                self._complain(type(error).__name__)
            else:
                if not is_sent:
                    self._complain("refused or unreachable")
            self.counts["exported" if is_sent else "failed"] += len(spans)
            if not is_sent and len(self._waiting) < BATCH:
                return  # no hurry: the next try is due in a while

    def _complain(self, why: str) -> None:
        now = time.monotonic()
        if now >= self._silent_until:
            self._silent_until = now + QUIET
            log.warning("the collector takes no spans", why=why, **self.counts)
