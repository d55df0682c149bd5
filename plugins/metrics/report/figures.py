"""What a report tells, added up from groups of rows; bounded, however many callers there are."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from plugins.metrics.report.sums import Named, Sums

DIMENSIONS = ("key", "model", "tenant", "kind", "outcome")
"""What rows are grouped by for a report. Databases sort for that: the first tells most apart."""
MOST_NAMES = 2000
"""Keys, and models, and tenants that have sums of their own."""
ROUTER = "router:"
"""How the ids of the router's own requests begin."""


class Figures:
    """Sums over the requests of callers, in all and by what they were; and the router's own."""

    __slots__ = ("by_key", "by_kind", "by_model", "by_outcome", "by_tenant", "router", "total")

    def __init__(self) -> None:
        self.total = Sums()
        self.router = Sums()
        """Of what the router asked for itself, such as to compare questions by their meaning."""
        self.by_key = Named(MOST_NAMES)
        self.by_model = Named(MOST_NAMES)
        self.by_tenant = Named(MOST_NAMES)
        self.by_kind = Named(MOST_NAMES)
        self.by_outcome = Named(MOST_NAMES)

    @property
    def size(self) -> int:
        """How many sums it keeps."""
        return 2 + sum(map(len, self._named()))

    def add(self, group: Sequence[Any]) -> None:
        """Add a group of rows: the values of `DIMENSIONS`, and then its sums."""
        key, model, tenant, kind, outcome, *values = group
        if key.startswith(ROUTER):
            self.router.add(values)
            return
        self.total.add(values)
        self.by_key.add(key, values)
        self.by_model.add(model, values)
        self.by_tenant.add(tenant, values)
        self.by_kind.add(kind, values)
        self.by_outcome.add(outcome, values)

    def adding(self, groups: Iterable[Sequence[Any]]) -> Iterator[None]:
        """Add groups, one for each step."""
        for group in groups:
            self.add(group)
            yield

    def merging(self, other: "Figures") -> Iterator[None]:
        """Add the figures of another time, those of one name for each step."""
        self.total.add(other.total.values)
        self.router.add(other.router.values)
        for mine, theirs in zip(self._named(), other._named(), strict=True):
            for name, sums in theirs.items():
                mine.add(name, sums.values)
                yield

    def _named(self) -> tuple[Named, ...]:
        return (self.by_key, self.by_model, self.by_tenant, self.by_kind, self.by_outcome)
