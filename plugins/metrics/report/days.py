"""Days that were added up before, so that a report reads each of them once.

Rows are written and deleted, never changed: a day with as many rows as before is the same.
"""

from collections import OrderedDict
from collections.abc import Mapping

from plugins.metrics.report.figures import Figures
from plugins.metrics.report.span import Span

MOST_SUMS = 20_000
"""Sums that are kept: some 15 MB."""

_Key = tuple[Span, tuple[tuple[str, str], ...]]


class Days:
    """Figures of whole days, those that were asked for last."""

    def __init__(self, most: int = MOST_SUMS) -> None:
        self._most = most
        self._kept: OrderedDict[_Key, tuple[int, Figures]] = OrderedDict()
        self._sums = 0

    def get(self, day: Span, where: Mapping[str, str], count: int) -> Figures | None:
        """Return the figures of a day that has as many rows as when they were put here."""
        key = _key(day, where)
        of, figures = self._kept.get(key, (-1, None))
        if of != count or figures is None:
            return None
        self._kept.move_to_end(key)
        return figures

    def put(self, day: Span, where: Mapping[str, str], count: int, figures: Figures) -> None:
        """Keep the figures of a day; the oldest ones go. They may not be changed any more."""
        key = _key(day, where)
        if key in self._kept:
            self._sums -= self._kept.pop(key)[1].size
        self._kept[key] = (count, figures)
        self._sums += figures.size
        while self._sums > self._most:
            _, (_, gone) = self._kept.popitem(last=False)
            self._sums -= gone.size


def _key(day: Span, where: Mapping[str, str]) -> _Key:
    return day, tuple(sorted(where.items()))
