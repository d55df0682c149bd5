"""How often two kinds of things happened of late, in little memory."""

SLICES = 10
"""Parts of a window: what is older than the window is forgotten part by part."""


class Window:
    """Counts events over the last `seconds` of a clock that never goes back.

    Each event has a number of how many things it is, and how many of these are of the special
    kind: failures among calls, retries among requests.
    """

    __slots__ = ("_all", "_last", "_of_kind", "_width")

    def __init__(self, seconds: float) -> None:
        self._width = seconds / SLICES
        self._all = [0] * SLICES
        self._of_kind = [0] * SLICES
        self._last = 0

    def add(self, now: float, all: int = 1, of_kind: int = 0) -> None:
        """Count an event."""
        slice = self._slice(now)
        self._all[slice] += all
        self._of_kind[slice] += of_kind

    def totals(self, now: float) -> tuple[int, int]:
        """Return how many there were, and how many of the special kind."""
        self._slice(now)
        return sum(self._all), sum(self._of_kind)

    def clear(self) -> None:
        """Forget all."""
        self._all, self._of_kind = [0] * SLICES, [0] * SLICES

    def _slice(self, now: float) -> int:
        """Return the slice of a time, after what is too old has been forgotten."""
        current = int(now / self._width)
        if current > self._last:
            for number in range(max(self._last, current - SLICES) + 1, current + 1):
                self._all[number % SLICES] = self._of_kind[number % SLICES] = 0
            self._last = current
        return current % SLICES
