"""The figures of several routers as those of one, also when some of them have ended."""

from collections.abc import Iterable, Sequence
from operator import add, sub
from typing import TypeAlias

from plugins.metrics.prometheus.figures import Family

Families: TypeAlias = dict[str, Family]
"""By name."""


def by_name(families: Iterable[Family]) -> Families:
    """Return families by their names."""
    return {each.name: each for each in families}


def total(past: Families, living: Sequence[Families]) -> Families:
    """Return what all living routers have together, on top of what the past has counted."""
    found: Families = {}
    for families in living:
        for family in families.values():
            _put(found, family, family.across == "max")
    for family in past.values():
        _put(found, family, False)
    return found


def buried(past: Families, dead: Sequence[Families], living: Sequence[Families]) -> Families:
    """Return the past with what the dead have counted: `total` is what it was with them.

    Gauges end with their router. Of a counter that each router sees whole, such as the machine's
    energy, the past is what the dead have seen more of than the living.
    """
    before = total(past, [*living, *dead])
    after = total({}, living)
    found: Families = {}
    for name, family in before.items():
        if family.kind == "gauge":
            continue
        if (left := after.get(name)) is not None:
            for labels, cells in left.cells.items():
                known = family.cells.get(labels)
                if known is not None:
                    family.cells[labels] = list(map(sub, known, cells))
        found[name] = family
    return found


def _put(found: Families, family: Family, takes_largest: bool) -> None:
    known = found.get(family.name)
    if known is None:
        known = found[family.name] = _empty(family)
    elif _shape(known) != _shape(family):
        return  # of another version of the router: they can't be added
    for labels, cells in family.cells.items():
        sums = known.cells.get(labels)
        if sums is None:
            sums = known.new_cells(labels)
        sums[:] = map(max if takes_largest else add, sums, cells)


def _empty(family: Family) -> Family:
    return Family(
        name=family.name,
        help=family.help,
        kind=family.kind,
        labels=family.labels,
        bounds=family.bounds,
        across=family.across,
        cells={},
    )


def _shape(family: Family) -> tuple[object, ...]:
    return family.kind, family.labels, family.bounds, family.across
