"""Samples become costs per request and per chunk."""

from benchmarks.metrics_cost.compare import Estimate
from benchmarks.metrics_cost.samples import LONG, PLAIN, SHAPES, SHORT, Samples


def test_costs() -> None:
    """A request's row counts with the request, a chunk's cost is that of many, divided."""
    samples = Samples()
    chunks = LONG.tokens - SHORT.tokens
    for _ in range(10):
        for variant, more in (("none", 0), ("all", 30)):
            samples.add(variant, PLAIN, 200 + more)
            samples.add(variant, SHORT, 500 + more)
            samples.add(variant, LONG, 5000 + more + (chunks if more else 0))
    samples.rows = {"none": [0.0], "all": [12.0, 9.0]}
    assert samples.plain("all") == 230
    assert samples.row("all") == 9
    assert samples.request("all", "none") == Estimate(39, 39, 39)
    assert samples.chunk("all", "none") == Estimate(1, 1, 1)


def test_shapes() -> None:
    """The streams are samples of the same rounds, so that they can be compared."""
    assert SHORT.every == LONG.every
    assert all(f'"burst-{shape.tokens}"'.encode() in shape.body for shape in SHAPES)
