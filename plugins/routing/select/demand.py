"""What requests have needed of late: how often a model that is loaded now will be used.

Counts decay with the horizon, so that what was asked an hour ago has no say. The clock is passed
in; all memory is bounded.
"""

from collections.abc import Iterator
from math import exp
from typing import NamedTuple, TypeVar

from plugins.routing.select.choice import Candidate

MOST_CLASSES = 64
"""Kinds of needs that are told apart."""
MOST_NAMES = 256
"""Models asked for by name that are counted."""
STEP = 0.05
"""Qualities that differ by less are the same need."""
LEAST = 0.01
"""Counts below it are forgotten."""

_Key = TypeVar("_Key")


class Class(NamedTuple):
    """Requests that the same models can answer."""

    floor: float
    can: frozenset[str]

    def is_met_by(self, model: Candidate) -> bool:
        """Say whether a model can answer these requests."""
        return self.floor <= model.quality + STEP / 2 and self.can <= model.can


class Demand:
    """Rates of requests: by what they needed, where a policy chose, else by the name asked for.

    `at` tells it the time, before it is asked.
    """

    def __init__(self, horizon: float) -> None:
        self.horizon = horizon
        """Seconds for which a count lasts, on average."""
        self._needs: dict[Class, float] = {}
        self._names: dict[str, float] = {}
        self._at = 0.0

    def at(self, now: float) -> None:
        """Forget what is long ago."""
        passed = now - self._at
        # By the second: this walks through all counts, and rates are for orders of magnitude.
        if passed >= 1:
            self._at = now
            factor = exp(-passed / self.horizon)
            self._needs = _decayed(self._needs, factor)
            self._names = _decayed(self._names, factor)

    def needed(self, floor: float, can: frozenset[str]) -> None:
        """Count a request for which a model was chosen."""
        _count(self._needs, Class(round(floor / STEP) * STEP, can), MOST_CLASSES)

    def named(self, model: str) -> None:
        """Count a request that named its model."""
        _count(self._names, model, MOST_NAMES)

    def rates(self) -> Iterator[tuple[Class, float]]:
        """Yield what is needed, and how often a second."""
        return ((need, count / self.horizon) for need, count in self._needs.items())

    def met_by(self, model: Candidate) -> float:
        """Return how many requests a second a model can answer, of those chosen for."""
        met = 0.0
        for need, count in self._needs.items():
            if need.is_met_by(model):
                met += count
        return met / self.horizon

    def of(self, model: str) -> float:
        """Return how many requests a second name this model."""
        return self._names.get(model, 0.0) / self.horizon


def _decayed(counts: dict[_Key, float], factor: float) -> dict[_Key, float]:
    return {key: count * factor for key, count in counts.items() if count * factor > LEAST}


def _count(counts: dict[_Key, float], key: _Key, most: int) -> None:
    if key not in counts and len(counts) >= most:
        del counts[min(counts, key=counts.__getitem__)]
    counts[key] = counts.get(key, 0.0) + 1.0
