"""How often a threshold would be right, from pairs of texts of which that is known."""

from collections.abc import Sequence
from typing import NamedTuple

STEPS = 100
"""Thresholds that are tried: 0.01, 0.02, … 1.00."""

NEVER = -1.0
"""Similarity of two texts that are not compared."""


class Score(NamedTuple):
    """How similar two texts are, and whether they mean the same."""

    similarity: float
    same: bool


class Point(NamedTuple):
    """What a threshold would do."""

    threshold: float
    hits: int
    false_hits: int
    same: int
    """Pairs that mean the same, hit or not."""

    @property
    def precision(self) -> float:
        """Return which part of the hits is right; 1 if there is none."""
        return 1.0 if not self.hits else (self.hits - self.false_hits) / self.hits

    @property
    def recall(self) -> float:
        """Return which part of the pairs that mean the same is hit."""
        return (self.hits - self.false_hits) / self.same

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def point_at(scores: Sequence[Score], threshold: float, rounding: float = 1e-6) -> Point:
    """Return what a threshold would do."""
    hits = [score for score in scores if score.similarity >= threshold - rounding]
    false_hits = sum(not score.same for score in hits)
    return Point(threshold, len(hits), false_hits, sum(score.same for score in scores))


def points(scores: Sequence[Score]) -> list[Point]:
    """Return what each threshold would do, the loosest first."""
    return [point_at(scores, step / STEPS) for step in range(1, STEPS + 1)]


def recommended(tried: Sequence[Point], precision: float) -> Point | None:
    """Return the point with the most right hits of at least this precision.

    Of equal ones it is the strictest: pairs that nobody has tried may be worse. `None` if no
    threshold is as precise and hits anything.
    """
    good = [point for point in tried if point.hits and point.precision >= precision]
    return max(good, key=lambda point: (point.recall, point.threshold), default=None)
