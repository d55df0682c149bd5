"""What the queue counts."""

from plugins.routing.queue.figures import MOST_MODELS, OTHER, Figures
from plugins.routing.queue.line import Line


def test_refusals_and_loads_are_counted_by_what_they_were() -> None:
    """Each reason and each outcome has a count of its own."""
    figures = Figures()
    figures.refused["queue_full"] += 1
    figures.loads["ok"] += 2
    found = {measure.name: dict(measure.values) for measure in figures.measures([])}
    assert found["localai_queue_refused_total"] == {("queue_full",): 1.0}
    assert found["localai_queue_loads_total"] == {("ok",): 2.0}


def test_labels_are_bounded() -> None:
    """Above the bound models share a label, but none that has one of its own."""
    lines = [Line(f"model {number}", 0.1) for number in range(MOST_MODELS + 50)]
    for measure in Figures().measures([*lines, lines[0]]):
        labels = {label for (label,), _ in measure.values}
        assert not labels or labels == {OTHER, *(line.name for line in lines[:MOST_MODELS])}
