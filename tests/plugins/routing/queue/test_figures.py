"""What the queue counts."""

from plugins.routing.queue.figures import MOST_MODELS, OTHER, Figures
from plugins.routing.queue.line import Line


def test_waits_are_summed_by_model() -> None:
    """Sum and count grow by each request that gets a slot."""
    figures = Figures()
    figures.waited("tiny:latest", 2.0)
    figures.waited("tiny:latest", 0.5)
    figures.waited("", 1.0)
    figures.refused["queue_full"] += 1
    found = {measure.name: dict(measure.values) for measure in figures.measures([])}
    assert found["localai_queue_wait_seconds_total"] == {("tiny:latest",): 2.5, (OTHER,): 1.0}
    assert found["localai_queue_admitted_total"] == {("tiny:latest",): 2.0, (OTHER,): 1.0}
    assert found["localai_queue_refused_total"] == {("queue_full",): 1.0}


def test_labels_are_bounded() -> None:
    """Above the bound models share a label, also those of queues."""
    figures = Figures()
    for number in range(MOST_MODELS + 50):
        figures.waited(f"model {number}", 1.0)
    lines = [Line(f"model {number}", 0.1) for number in range(MOST_MODELS + 50)]
    for measure in figures.measures(lines):
        assert len(measure.values) <= MOST_MODELS + 1
