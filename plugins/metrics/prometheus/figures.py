"""Counters and histograms, and how they are passed on.

prometheus_client's are made for many threads: an observation takes a lock, 1.3 us, and to write
500 histograms takes 50 ms, in which no other thread runs. Here only the event loop counts, so that
an observation takes 0.3 us and no figure is ever half-changed between two turns of the loop.
"""

from bisect import bisect_left
from collections.abc import Iterable
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from localai import Measure
from plugins.metrics.conventions import OTHER

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""From a cached answer to the longest one of a large model."""
SHORT_SECONDS = (0.001, 0.0025, 0.005, *SECONDS)
"""For requests that need no model, too."""
OVERHEAD_SECONDS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0,
)  # fmt: skip
"""For what should be too short to notice."""
TOKEN_SECONDS = (
    0.001, 0.0025, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5,
    1.0, 2.0,
)  # fmt: skip
"""From a small model on a large card to a large one that reads its weights from disk."""
TOKENS = (
    1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 8192.0, 16_384.0, 32_768.0, 65_536.0, 131_072.0,
)  # fmt: skip
"""OpenTelemetry's bounds for tokens, closer where the contexts of local models end."""

MOST_SERIES = 5000
"""Most sets of labels of one name; all others share one. Whoever counts keeps them far below."""

Kind: TypeAlias = Literal["counter", "gauge", "histogram"]
Labels: TypeAlias = tuple[str, ...]
Cells: TypeAlias = list[float]
"""A number; of a histogram, how many fell into each bucket, the infinite one too, and their sum."""


class Family(Struct, kw_only=True, array_like=True):
    """All that has one name; it can be sent to another process, and added to what that has."""

    name: str
    help: str
    kind: Kind
    labels: Labels = ()
    """Their names; the keys of `cells` are their values."""
    bounds: tuple[float, ...] = ()
    """The upper bounds of a histogram's buckets, without the infinite one."""
    across: Literal["sum", "max"] = "sum"
    """How the figures of several processes become one."""
    cells: dict[Labels, Cells] = {}

    def new_cells(self, labels: Labels) -> Cells:
        """Return the cells of labels that are new, all 0."""
        if len(self.cells) >= MOST_SERIES:
            labels = (OTHER,) * len(labels)
        width = len(self.bounds) + 2 if self.kind == "histogram" else 1
        return self.cells.setdefault(labels, [0.0] * width)

    def measure(self) -> Measure:
        """Return a counter or a gauge as what plugins tell each other."""
        assert self.kind != "histogram"
        return Measure(
            name=self.name,
            help=self.help,
            kind=self.kind,
            labels=self.labels,
            across=self.across,
            values=[(labels, cells[0]) for labels, cells in self.cells.items()],
        )


def copies(families: Iterable[Family]) -> list[Family]:
    """Return families as they are now, for another thread."""
    return [
        replace(each, cells={labels: cells.copy() for labels, cells in each.cells.items()})
        for each in families
    ]


class Counter:
    """Counts by labels; one without labels is there from the start."""

    __slots__ = ("_cells", "family")

    def __init__(self, name: str, help: str, *labels: str) -> None:
        self.family = Family(name=name, help=help, kind="counter", labels=labels)
        self._cells = self.family.cells
        if not labels:
            self.family.new_cells(())

    def add(self, amount: float, *labels: str) -> None:
        """Count something under the values of all labels."""
        cells = self._cells.get(labels)
        if cells is None:
            cells = self.family.new_cells(labels)
        cells[0] += amount


class Histogram:
    """Sorts values into buckets, by labels; one without labels is there from the start."""

    __slots__ = ("_bounds", "_cells", "family")

    def __init__(self, name: str, help: str, bounds: tuple[float, ...], *labels: str) -> None:
        self.family = Family(name=name, help=help, kind="histogram", labels=labels, bounds=bounds)
        self._bounds = bounds
        self._cells = self.family.cells
        if not labels:
            self.family.new_cells(())

    def observe(self, value: float, *labels: str) -> None:
        """Note a value under the values of all labels."""
        cells = self._cells.get(labels)
        if cells is None:
            cells = self.family.new_cells(labels)
        cells[bisect_left(self._bounds, value)] += 1
        cells[-1] += value
