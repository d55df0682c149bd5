"""The core's own books are measured."""

from benchmarks.metrics_cost.bookkeeping import measure


def test_measures() -> None:
    """A request takes something, a chunk much less."""
    own = measure(rounds=100, chunks=20)
    assert own.request > own.chunk > 0
