"""Precision and recall of thresholds, against counting."""

import math
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.cache.semantic.calibrate import (
    NEVER,
    STEPS,
    Point,
    Score,
    point_at,
    points,
    recommended,
)

SCORES = st.lists(
    st.builds(Score, st.sampled_from([NEVER]) | st.floats(-1, 1), st.booleans()), max_size=30
).map(lambda some: [*some, Score(0.5, True)])
"""With at least one pair that means the same."""


@settings(deadline=None)
@given(SCORES, st.integers(1, STEPS))
def test_a_point_counts(scores: list[Score], step: int) -> None:
    """Precision is the right part of the hits, recall the part of the right ones that is hit."""
    threshold = step / STEPS
    point = points(scores)[step - 1]
    hits = [score.same for score in scores if score.similarity >= threshold - 1e-6]
    right = [score.similarity for score in scores if score.same]
    assert point.threshold == threshold
    assert point.false_hits == hits.count(False)
    assert point.precision == (hits.count(True) / len(hits) if hits else 1.0)
    assert point.recall == hits.count(True) / len(right)
    assert 0 <= point.f1 <= 1


@settings(deadline=None)
@given(SCORES)
def test_a_stricter_threshold_hits_no_more(scores: list[Score]) -> None:
    """Recall and false hits never grow with the threshold."""
    tried = points(scores)
    for looser, stricter in pairwise(tried):
        assert stricter.recall <= looser.recall
        assert stricter.false_hits <= looser.false_hits


@settings(deadline=None)
@given(SCORES, st.floats(0, 1))
def test_the_recommended_one_is_the_best_that_is_precise_enough(
    scores: list[Score], precision: float
) -> None:
    """No other threshold of that precision has more recall, and none of the same is stricter."""
    tried = points(scores)
    best = recommended(tried, precision)
    good = [point for point in tried if point.hits and point.precision >= precision]
    if best is None:
        assert good == []
        return
    assert best in good
    assert all(
        point.recall < best.recall
        or (point.recall == best.recall and point.threshold <= best.threshold)
        for point in good
    )


def test_pairs_that_are_never_compared_are_never_hit() -> None:
    """Not even at a threshold of 0; they count for the recall."""
    scores = [Score(NEVER, True), Score(NEVER, False), Score(0.2, True)]
    assert point_at(scores, 0.0) == Point(0.0, hits=1, false_hits=0, same=2)
    assert point_at(scores, 0.0).recall == 0.5


def test_f1_is_the_harmonic_mean() -> None:
    """Of precision 0.5 and recall 1 it is two thirds; of nothing it is 0."""
    assert math.isclose(Point(0.5, hits=2, false_hits=1, same=1).f1, 2 / 3)
    assert Point(0.5, hits=1, false_hits=1, same=1).f1 == 0
