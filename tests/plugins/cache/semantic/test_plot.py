"""The plot in a terminal."""

from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.cache.semantic.calibrate import Score, points
from plugins.cache.semantic.plot import HEIGHT, WIDTH, plot

SCORES = [Score(0.2, False), Score(0.6, True), Score(0.7, False), Score(0.9, True)]


def test_it_has_axes_marks_and_a_legend() -> None:
    """Both axes are labelled, both curves drawn, and the chosen threshold is named."""
    lines = plot(points(SCORES), 0.71)
    text = "\n".join(lines)
    assert lines[0].startswith("  1.0 ┤")
    assert lines[HEIGHT - 1].startswith("  0.0 ┤")
    assert "0.01" in lines[HEIGHT + 1]
    assert "1.00" in lines[HEIGHT + 1]
    assert lines[HEIGHT + 2].strip() == "threshold"
    assert lines[-1].split() == ["P", "precision", "R", "recall", "*", "both", "|", "0.71"]
    assert {"P", "R", "*", "|"} <= set(text)


def test_precision_stands_above_recall_where_it_is_higher() -> None:
    """At the strictest threshold precision is at the top, and recall at the bottom."""
    lines = plot(points(SCORES), None)
    assert lines[0].rstrip().endswith("P")
    assert lines[HEIGHT - 1].rstrip().endswith("R")
    assert "|" not in "\n".join(lines)


@settings(deadline=None)
@given(
    st.lists(st.builds(Score, st.floats(-1, 1), st.booleans()), max_size=9),
    st.none() | st.floats(0, 1),
)
def test_any_scores_fit(scores: list[Score], chosen: float | None) -> None:
    """No line is wider than a terminal, and none ends with blanks."""
    lines = plot(points([*scores, Score(0.5, True)]), chosen)
    assert max(map(len, lines)) <= WIDTH + 9
    assert [line.rstrip() for line in lines] == lines
