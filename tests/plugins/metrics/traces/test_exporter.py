"""Spans on their way out."""

import threading
from collections.abc import Sequence

from structlog.testing import capture_logs

from plugins.metrics.traces.exporter import BATCH, Exporter
from plugins.metrics.traces.span import Kind, Span, root


class Sends:
    """A sender that a test holds, and has refuse or fail."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.takes = True
        self.failure: Exception | None = None
        self.open = threading.Event()
        self.open.set()
        self.sent = threading.Event()
        self.closed = 0

    def send(self, spans: Sequence[Span]) -> bool:
        """Send, once it may."""
        self.open.wait(10)
        self.batches.append(len(spans))
        self.sent.set()
        if self.failure is not None:
            raise self.failure
        return self.takes

    def close(self) -> None:
        """Count."""
        self.closed += 1


def _span() -> Span:
    span = root("a", Kind.INTERNAL, 1.0)
    span.end()
    return span


async def test_what_waits_is_sent_at_the_end() -> None:
    """Nothing is lost by stopping, and the sender is closed."""
    sends = Sends()
    exporter = Exporter(lambda: sends, most=5000, interval=60)
    exporter.start()
    for _ in range(BATCH - 1):
        exporter.put(_span())
    await exporter.close(10)
    assert sum(sends.batches) == BATCH - 1
    assert sends.closed == 1
    assert exporter.counts == {"exported": BATCH - 1, "failed": 0, "dropped": 0}


async def test_a_full_batch_does_not_wait() -> None:
    """With so many spans, the next sending is at once, not after the interval."""
    sends = Sends()
    exporter = Exporter(lambda: sends, most=5000, interval=60)
    exporter.start()
    for _ in range(BATCH):
        exporter.put(_span())
    assert sends.sent.wait(10)
    await exporter.close(10)
    assert sum(sends.batches) == BATCH


async def test_a_collector_that_hangs_costs_no_more_than_the_queue() -> None:
    """Spans above the bound are dropped and counted, and the end waits for its deadline only."""
    sends = Sends()
    sends.open.clear()
    exporter = Exporter(lambda: sends, most=1000, interval=60)
    exporter.start()
    for _ in range(10_000):
        exporter.put(_span())
    with capture_logs() as logs:
        await exporter.close(0.05)
    assert exporter.counts["dropped"] >= 10_000 - 1000 - BATCH
    assert sends.closed == 1
    assert [line["event"] for line in logs] == ["spans were not sent"]
    sends.open.set()


async def test_a_collector_that_takes_nothing_is_one_line_of_the_log() -> None:
    """However often it fails, and in whichever way, the log says so once in a while."""
    sends = Sends()
    exporter = Exporter(lambda: sends, most=100_000, interval=0.001)
    with capture_logs() as logs:
        exporter.start()
        for failure, takes in ((None, False), (OSError("away"), True)):
            sends.failure, sends.takes = failure, takes
            for _ in range(3):
                sends.sent.clear()
                exporter.put(_span())
                assert sends.sent.wait(10)
        await exporter.close(10)
    assert exporter.counts == {"exported": 0, "failed": 6, "dropped": 0}
    assert [line["event"] for line in logs] == ["the collector takes no spans"]


async def test_a_sender_that_can_not_be_made_is_told() -> None:
    """A mistake in the settings of the collector is an error in the log, and nothing else."""

    def broken() -> Sends:
        raise ValueError("no")

    exporter = Exporter(broken, most=1000, interval=60)
    with capture_logs() as logs:
        exporter.start()
        exporter.put(_span())
        await exporter.close(10)
    assert logs[0]["error"] == "ValueError"
    assert logs[0]["log_level"] == "error"
