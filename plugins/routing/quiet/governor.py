"""Holds a figure below a cap by the share of the slots, in few and slow steps."""

import math
from collections.abc import Sequence

SHARES: Sequence[float] = (1.0, 0.75, 0.5, 0.25)
"""Of the slots, by level; there is always one slot left, so answers never stop."""
SMOOTHING = 10.0
"""Seconds in which the smoothed figure follows two thirds of a jump; an answer's prefill takes
10 W more than its tokens, and only lasts for moments."""
HOLD = 15.0
"""Least seconds between two steps."""
PATIENCE, MOST_PATIENCE = 60.0, 1800.0
"""Seconds for which the figure must stay low before more is allowed; doubled when that was wrong.

A level that is too much next to one that leaves room would be changed for ever; so it is tried
again less and less often.
"""
REGRET = 3600.0
"""Seconds within which a figure that rises again shows that allowing more was wrong."""


class Governor:
    """Tightens while the figure is above its cap, and loosens while it is below cap - band.

    Between them, and while nothing is known, nothing changes.
    """

    def __init__(self, cap: float, band: float) -> None:
        self.cap = cap
        self._band = band
        self._level = 0
        self._smooth: float | None = None
        self._seen_at = 0.0
        self._changed_at = 0.0
        self._loosened_at = -math.inf
        self._low_since: float | None = None
        self._patience = PATIENCE

    @property
    def share(self) -> float:
        """The share of the slots, between 0.25 and 1."""
        return SHARES[self._level]

    @property
    def level(self) -> int:
        """How many steps it is tightened; 0 if it isn't."""
        return self._level

    @property
    def figure(self) -> float | None:
        """The smoothed figure."""
        return self._smooth

    def update(self, now: float, figure: float) -> None:
        """Take the figure of a moment; `now` grows, in seconds."""
        before = self._smooth
        if before is None:
            self._changed_at = now  # the first figures may be those of a moment
        self._smooth = self._smoothed(now, figure)
        self._seen_at = now
        if self._smooth >= self.cap - self._band:
            self._low_since = None
        elif self._low_since is None:
            self._low_since = now
        if now - self._changed_at < HOLD:
            return
        # What falls already may need no further step: heat leaves slowly.
        is_falling = before is not None and self._smooth < before
        if self._smooth > self.cap and not is_falling and self._level < len(SHARES) - 1:
            self._tighten(now)
        elif self._low_since is not None and now - self._low_since >= self._patience:
            self._loosen(now)

    def _smoothed(self, now: float, figure: float) -> float:
        if self._smooth is None:
            return figure
        weight = -math.expm1(-max(now - self._seen_at, 0.0) / SMOOTHING)
        return self._smooth + weight * (figure - self._smooth)

    def _tighten(self, now: float) -> None:
        if now - self._loosened_at < REGRET:
            self._patience = min(2 * self._patience, MOST_PATIENCE)
        else:
            self._patience = max(self._patience / 2, PATIENCE)
        self._level += 1
        self._changed_at = now

    def _loosen(self, now: float) -> None:
        if not self._level:
            return
        self._level -= 1
        self._changed_at = self._loosened_at = now
        self._low_since = now
