"""What the queue counts."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from localai import Measure
from plugins.routing.queue.line import Line

MOST_MODELS = 100
"""Models with labels of their own; all others share one."""
OTHER = "other"


class Figures:
    """Counts waits and refusals. The labels are names of the catalogue, and bounded."""

    def __init__(self) -> None:
        self._waits: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
        self.refused: Counter[str] = Counter()
        self.loads: Counter[str] = Counter()
        """By outcome: ok or failed."""

    def waited(self, model: str, seconds: float) -> None:
        """Count a request that got its slot."""
        label = model if model and (model in self._waits or self._has_room) else OTHER
        sums = self._waits[label]
        sums[0] += seconds
        sums[1] += 1

    @property
    def _has_room(self) -> bool:
        return len(self._waits) < MOST_MODELS

    def measures(self, lines: Iterable[Line]) -> Iterator[Measure]:
        """Yield all, with how the lines stand now."""
        waiting: Counter[str] = Counter()
        running: Counter[str] = Counter()
        for line in lines:
            label = line.name if line.name and len(waiting) < MOST_MODELS else OTHER
            waiting[label] += len(line.waiting)
            running[label] += line.running
        for name, help, counts in (
            ("localai_queue_waiting", "Requests that wait for a slot.", waiting),
            ("localai_queue_running", "Requests that hold a slot.", running),
        ):
            values = [((label,), float(count)) for label, count in counts.items()]
            yield Measure(name=name, help=help, kind="gauge", labels=("model",), values=values)
        for at, (name, help) in enumerate(
            (
                ("localai_queue_wait_seconds_total", "Seconds that requests waited for a slot."),
                ("localai_queue_admitted_total", "Requests that got a slot."),
            )
        ):
            values = [((label,), sums[at]) for label, sums in self._waits.items()]
            yield Measure(name=name, help=help, kind="counter", labels=("model",), values=values)
        for name, help, key, counted in (
            ("localai_queue_refused_total", "Requests refused, by reason.", "reason", self.refused),
            ("localai_queue_loads_total", "Loads, by outcome.", "outcome", self.loads),
        ):
            values = [((label,), float(count)) for label, count in counted.items()]
            yield Measure(name=name, help=help, kind="counter", labels=(key,), values=values)
