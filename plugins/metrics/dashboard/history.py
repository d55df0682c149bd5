"""What the plots show of the last minutes: a point for each second."""

from collections import deque
from collections.abc import Iterator

from msgspec import Struct

INTERVAL = 1.0
"""Seconds between two points."""


class Point(Struct, kw_only=True):
    """One second; rates are means over it."""

    at: float
    """When it ended, in seconds since 1970."""
    tokens_per_second: float
    """Written by models."""
    prompt_tokens_per_second: float
    requests_per_second: float
    running: int
    waiting: int | None
    watts: float | None


class History:
    """The points of the last minutes, the oldest first."""

    def __init__(self, length: int) -> None:
        self._points: deque[Point] = deque(maxlen=length)
        self.revision = 0
        """Changes when points have changed that were there already."""

    @property
    def seconds(self) -> float:
        """How long it can be."""
        return (self._points.maxlen or 0) * INTERVAL

    def resize(self, length: int) -> None:
        """Keep so many points from now on."""
        if length != self._points.maxlen:
            self._points = deque(self._points, maxlen=length)

    def add(self, point: Point) -> None:
        """Add the second that has just ended."""
        self._points.append(point)

    def __iter__(self) -> Iterator[Point]:
        return iter(self._points)

    def spread(self, tokens: float, begin: float, end: float) -> float:
        """Put tokens evenly into the time in which they were made; return what is left over.

        That is the part of the second which has not ended yet, and of times before the first
        point. Times are seconds since 1970.
        """
        if end <= begin or not self._points or self._points[-1].at <= begin:
            return tokens
        rate = tokens / (end - begin)
        left = tokens
        for point in reversed(self._points):
            overlap = min(point.at, end) - max(point.at - INTERVAL, begin)
            if overlap > 0:
                point.tokens_per_second += rate * overlap / INTERVAL
                left -= rate * overlap
            if point.at - INTERVAL <= begin:
                break
        else:  # made before anything was watched: nowhere to be shown
            before = self._points[0].at - INTERVAL
            left -= rate * max(min(before, end) - begin, 0.0)
        self.revision += 1
        return max(left, 0.0)
