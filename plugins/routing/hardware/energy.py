"""Joules from watts: what was taken since the start, and between any two moments of late."""

import threading
from bisect import bisect_right

from localai import PowerSample


class Energy:
    """Integrates samples by the trapezoidal rule, and keeps the last ones.

    Between two samples that are further apart than `gap` nothing is known and nothing is counted.
    Samples come from one thread, questions from others.
    """

    def __init__(self, samples: int = 3600, gap: float = 10.0) -> None:
        self._most = samples
        self._gap = gap
        self._times: list[float] = []
        self._watts: list[float] = []
        self._sums: list[float] = []
        """Joules from the start until each sample."""
        self._gaps: list[float] = []
        """The times of those samples before which there is a gap."""
        self._lock = threading.Lock()

    @property
    def joules(self) -> float:
        """All that was counted."""
        return self._sums[-1] if self._sums else 0.0

    def last(self, now: float) -> PowerSample | None:
        """Return the last sample, and all that was counted; `None` if it is older than `gap`."""
        with self._lock:
            if not self._times or now - self._times[-1] > self._gap:
                return None
            return PowerSample(self._times[-1], self._watts[-1], self._sums[-1])

    def add(self, at: float, watts: float) -> None:
        """Take a sample; `at` grows, by `time.monotonic()`. An older one is left out."""
        with self._lock:
            self._add(at, watts)

    def between(self, begin: float, end: float) -> float | None:
        """Return the joules from one moment to a later one; `None` where samples are missing.

        Up to `gap` after the last sample, its watts are taken to last.
        """
        with self._lock:
            if not self._knows(begin, end):
                return None
            return self._until(end) - self._until(begin)

    def _add(self, at: float, watts: float) -> None:
        joules = self.joules
        if self._times:
            passed = at - self._times[-1]
            if passed <= 0:
                return
            if passed <= self._gap:
                joules += passed * (watts + self._watts[-1]) / 2
            else:
                self._gaps.append(at)
        self._times.append(at)
        self._watts.append(watts)
        self._sums.append(joules)
        # Cutting seldom and much costs less per sample than cutting each time.
        if len(self._times) >= 2 * self._most:
            del self._times[: -self._most], self._watts[: -self._most], self._sums[: -self._most]
            self._gaps = [gap for gap in self._gaps if gap > self._times[0]]

    def _knows(self, begin: float, end: float) -> bool:
        """Say whether samples cover the time between two moments."""
        times = self._times
        if not times or not times[0] <= begin <= end <= times[-1] + self._gap:
            return False
        position = bisect_right(self._gaps, begin)
        if position == len(self._gaps):
            return True
        return times[bisect_right(times, self._gaps[position]) - 2] >= end

    def _until(self, moment: float) -> float:
        """Return the joules from the start until a moment, which is not before the first sample."""
        index = bisect_right(self._times, moment) - 1
        passed = moment - self._times[index]
        watts = self._watts[index]
        if index + 1 < len(self._times):
            step = self._times[index + 1] - self._times[index]
            slope = (self._watts[index + 1] - watts) / step
            return self._sums[index] + passed * (watts + slope * passed / 2)
        return self._sums[index] + passed * watts
