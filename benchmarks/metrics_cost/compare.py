"""What remains of samples of a shared machine: what two routers cost at their best, compared.

Whatever disturbs a sample only adds to it: other processes, cold caches, a slower clock. The median
of a shared machine is two or three times its best. So costs are told by the quickest samples.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

QUICK = 0.05
"""The quantile of samples that stands for an undisturbed one."""
RESAMPLES = 1000
SEED = 1


@dataclass(frozen=True)
class Estimate:
    """A difference, and between which values it is with 95 % confidence."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.1f} ({self.low:.1f} to {self.high:.1f})"

    def __add__(self, other: float) -> "Estimate":
        return Estimate(self.value + other, self.low + other, self.high + other)

    def per(self, units: int) -> "Estimate":
        """Return the part of one of many units."""
        return Estimate(self.value / units, self.low / units, self.high / units)


def quick(samples: Sequence[float]) -> float:
    """Return what stands for an undisturbed sample."""
    return float(np.quantile(samples, QUICK))


def difference(*terms: tuple[int, Sequence[float]]) -> Estimate:
    """Return a sum of quick samples, each with its sign; the interval is by bootstrap.

    Samples of the same round belong together, so rounds are drawn, not samples.
    """
    random = np.random.default_rng(SEED)
    drawn: dict[int, NDArray[np.intp]] = {}
    value = sum(sign * quick(samples) for sign, samples in terms)
    spread = np.zeros(RESAMPLES)
    for sign, samples in terms:
        count = len(samples)
        if count not in drawn:
            drawn[count] = random.integers(count, size=(RESAMPLES, count))
        spread += sign * np.quantile(np.asarray(samples)[drawn[count]], QUICK, axis=1)
    low, high = np.quantile(spread, (0.025, 0.975))
    return Estimate(value, float(low), float(high))
