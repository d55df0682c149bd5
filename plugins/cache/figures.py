"""The cache's figures for /metrics."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from localai import Measure
from plugins.cache.statistics import Statistics

RESULTS = {"hit": "hits", "join": "joins", "miss": "misses", "bypass": "bypasses"}
"""The labels of what became of a question, and where it is counted."""
SUMS = {
    "stored": ("stored", "Answers that were kept."),
    "saved_seconds": (
        "seconds",
        "Seconds that models took, once, for answers that were given again.",
    ),
    "saved_tokens": ("tokens", "Tokens of those answers and their prompts."),
}
"""Counts by kind, with their names and where they are counted."""


def measures(statistics: Statistics, storage: Mapping[str, Any]) -> Iterator[Measure]:
    """Yield what was asked and saved, and what the storage says of itself."""
    kinds = statistics.kinds
    yield Measure(
        name="localai_cache_lookups_total",
        help="What became of what was looked for; each text of a batch by itself.",
        kind="counter",
        labels=("kind", "result"),
        values=[
            ((kind, result), getattr(counts, where))
            for kind, counts in kinds.items()
            for result, where in RESULTS.items()
        ],
    )
    for name, (where, help) in SUMS.items():
        yield Measure(
            name=f"localai_cache_{name}_total",
            help=help,
            kind="counter",
            labels=("kind",),
            values=[((kind,), getattr(counts, where)) for kind, counts in kinds.items()],
        )
    yield _one("up", "1 while the storage answers.", "gauge", storage.get("up", True), "max")
    # Redis does not tell what is ours of these.
    for name, where, help, grows in (
        ("entries", "entries", "Answers in memory.", False),
        ("bytes", "bytes", "Memory that they take.", False),
        ("evictions_total", "evictions", "Answers that had to go for others.", True),
    ):
        if (figure := storage.get(where)) is not None:
            yield _one(name, help, "counter" if grows else "gauge", figure)


def _one(
    name: str,
    help: str,
    kind: Literal["counter", "gauge"],
    figure: float,
    across: Literal["sum", "max"] = "sum",
) -> Measure:
    values = [((), float(figure))]
    return Measure(name=f"localai_cache_{name}", help=help, kind=kind, across=across, values=values)
