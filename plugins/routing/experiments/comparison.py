"""Whether two variants differ, or chance makes it look so."""

from math import erfc, sqrt

from localai import Value
from plugins.routing.experiments.moments import Moments

LEAST = 30
"""Observations of each below which the normal distribution says little."""


class Comparison(Value, frozen=True, kw_only=True):
    """A difference, and how often chance alone makes one as large."""

    difference: float
    """The second one's figure less the first one's."""
    z: float
    """The same, in standard errors."""
    p: float
    """Probability of a z this far from 0, either way, if the two were the same."""


def proportions(good: int, all: int, others_good: int, others_all: int) -> Comparison | None:
    """Compare two rates by the z-test of two proportions with a common variance.

    z = (q - p) / sqrt(r (1 - r) (1/n + 1/m)), where r is the rate of both together. `None` with
    too few observations.
    """
    if min(all, others_all) < LEAST:
        return None
    pooled = (good + others_good) / (all + others_all)
    error = sqrt(pooled * (1 - pooled) * (1 / all + 1 / others_all))
    return _compared(others_good / others_all - good / all, error)


def means(one: Moments, other: Moments) -> Comparison | None:
    """Compare two means by Welch's test, with the normal distribution in the place of Student's.

    z = (y - x) / sqrt(s²/n + t²/m). `None` with too few observations.
    """
    if min(one.count, other.count) < LEAST:
        return None
    error = sqrt(one.variance / one.count + other.variance / other.count)
    return _compared(other.mean - one.mean, error)


def _compared(difference: float, error: float) -> Comparison | None:
    """Return the comparison; `None` where nothing scatters, so that chance has no size."""
    if error == 0.0:
        return None
    z = difference / error
    return Comparison(difference=difference, z=z, p=erfc(abs(z) / sqrt(2)))
