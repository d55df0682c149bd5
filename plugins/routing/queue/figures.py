"""What the queue counts; how long requests wait, whoever watches calls sees in `Call.work`."""

from collections import Counter
from collections.abc import Iterable, Iterator

from localai import Measure
from plugins.routing.queue.line import Line

MOST_MODELS = 100
"""Models with labels of their own; all others share one."""
OTHER = "other"


class Figures:
    """Counts refusals and loads. The labels of models are names of the catalogue, and bounded."""

    def __init__(self) -> None:
        self.refused: Counter[str] = Counter()
        self.loads: Counter[str] = Counter()
        """By outcome: ok or failed."""

    def measures(self, lines: Iterable[Line]) -> Iterator[Measure]:
        """Yield all, with how the lines stand now."""
        waiting: Counter[str] = Counter()
        running: Counter[str] = Counter()
        for line in lines:
            is_known = line.name in waiting or len(waiting) < MOST_MODELS
            label = line.name if line.name and is_known else OTHER
            waiting[label] += len(line.waiting)
            running[label] += line.running
        for name, help, counts in (
            ("localai_queue_waiting", "Requests that wait for a slot.", waiting),
            ("localai_queue_running", "Requests that hold a slot.", running),
        ):
            values = [((label,), float(count)) for label, count in counts.items()]
            yield Measure(name=name, help=help, kind="gauge", labels=("model",), values=values)
        for name, help, key, counted in (
            ("localai_queue_refused_total", "Requests refused, by reason.", "reason", self.refused),
            ("localai_queue_loads_total", "Loads, by outcome.", "outcome", self.loads),
        ):
            values = [((label,), float(count)) for label, count in counted.items()]
            yield Measure(name=name, help=help, kind="counter", labels=(key,), values=values)
