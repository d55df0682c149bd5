"""What retries and other models have come to."""

from collections import Counter
from collections.abc import Iterator

from localai import Measure
from plugins.routing.fallback.causes import Cause


class Figures:
    """Counts by cause, of which there are four."""

    def __init__(self) -> None:
        self._retries: Counter[tuple[str, ...]] = Counter()
        self._fallbacks: Counter[tuple[str, ...]] = Counter()
        self.mended = 0
        """Requests that were answered by their own model after one try or more had failed."""
        self.refused = 0
        """Retries that the budget did not allow."""

    def retried(self, cause: Cause) -> None:
        """Count a model that is asked again."""
        self._retries[(cause,)] += 1

    def fell_back(self, cause: Cause, *, well: bool) -> None:
        """Count another model that was asked, and whether it answered."""
        self._fallbacks[cause, "ok" if well else "error"] += 1

    def measures(self) -> Iterator[Measure]:
        """Yield them."""
        yield Measure(
            name="localai_retries_total",
            help="Requests that were sent to the same model again, by why it had not answered.",
            kind="counter",
            labels=("cause",),
            values=tuple(self._retries.items()),
        )
        yield Measure(
            name="localai_retries_mended_total",
            help="Requests that their own model answered when it was asked again.",
            kind="counter",
            values=(((), self.mended),),
        )
        yield Measure(
            name="localai_retries_refused_total",
            help="Retries that the budget for them did not allow.",
            kind="counter",
            values=(((), self.refused),),
        )
        yield Measure(
            name="localai_fallbacks_total",
            help="Other models that were asked, by why the wanted one did not answer, and outcome.",
            kind="counter",
            labels=("cause", "outcome"),
            values=tuple(self._fallbacks.items()),
        )
