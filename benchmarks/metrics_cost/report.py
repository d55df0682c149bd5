"""Shows what metrics cost as Markdown."""

import statistics
from collections.abc import Iterator, Sequence

from benchmarks.metrics_cost.bookkeeping import Bookkeeping
from benchmarks.metrics_cost.compare import Estimate
from benchmarks.metrics_cost.samples import Samples
from benchmarks.metrics_cost.variants import NONE, Variant, everything

REQUEST_BUDGET = 40.0
"""Microseconds that all of metrics may take of a request."""
CHUNK_BUDGET = 1.0
"""Microseconds that they may take of a streamed chunk."""
HEAD = ("metrics", "µs/request", "µs/chunk")


def total(samples: Samples) -> tuple[Estimate, Estimate]:
    """Return what all members together take of a request, and of a chunk."""
    every = everything().name
    return samples.request(every, NONE.name), samples.chunk(every, NONE.name)


def table(samples: Samples, without: Sequence[Variant]) -> str:
    """Return a row for all members, and one for each: what is saved when it alone is off."""
    every = everything()
    rows: list[tuple[str, ...]] = [("budget", f"{REQUEST_BUDGET:g}", f"{CHUNK_BUDGET:g}")]
    rows.append((f"all of {len(every.on)}", *map(str, total(samples))))
    for variant in without:
        (off,) = set(every.on) - set(variant.on)
        request = samples.request(every.name, variant.name)
        rows.append((off, str(request), str(samples.chunk(every.name, variant.name))))
    lines = [HEAD, ("---", "---:", "---:"), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def notes(samples: Samples, own: Bookkeeping) -> str:
    """Return what stands below the table."""
    return "\n".join(f"- {line}" for line in _notes(samples, own))


def _notes(samples: Samples, own: Bookkeeping) -> Iterator[str]:
    every = everything().name
    slowness = statistics.median(samples.slowness)
    yield f"a plain request without metrics takes {samples.plain(NONE.name):,.0f} µs here"
    yield f"of a request, {samples.row(every):.1f} µs are the writing of its row of usage"
    yield (
        f"the core's own books, which are always kept: {own.request:.1f} µs/request, "
        f"{own.chunk:.2f} µs/chunk"
    )
    yield f"scaled to the budgets' machine, which computes {slowness:.2f} times faster"
    for name, spent in samples.idle.items():
        yield f"without requests, {name}: {spent / 1000:.1f} ms of CPU in a second"
