"""What all attempts took since the start, by model and host."""

from collections.abc import Iterator

from localai import Attempt, Cost, Measure
from plugins.metrics.models import ModelNames

MOST_MODELS = 100
"""Models that have figures of their own."""


class Books:
    """Sums of costs. Who is asked under a made-up name gets no line of its own."""

    def __init__(self) -> None:
        self._models = ModelNames(MOST_MODELS)
        self._joules: dict[tuple[str, str, str], float] = {}
        self._money: dict[tuple[str, str], float] = {}
        self._grams: dict[tuple[str, str], float] = {}

    def add(self, attempt: Attempt, cost: Cost) -> None:
        """Book what an attempt took that has ended."""
        model, host = self._label(attempt), attempt.label
        whose = (model, host)
        how = (model, host, cost.source)
        self._joules[how] = self._joules.get(how, 0.0) + cost.joules
        self._money[whose] = self._money.get(whose, 0.0) + cost.money
        self._grams[whose] = self._grams.get(whose, 0.0) + cost.grams

    def measures(self) -> Iterator[Measure]:
        """Yield all sums."""
        yield Measure(
            name="localai_energy_attributed_joules_total",
            help="Energy of requests, at the wall.",
            kind="counter",
            labels=("model", "host", "source"),
            values=list(self._joules.items()),
        )
        for name, help, sums in (
            ("localai_energy_money_total", "Money for the energy of requests.", self._money),
            ("localai_energy_co2_grams_total", "CO2 of the energy of requests.", self._grams),
        ):
            yield Measure(
                name=name,
                help=help,
                kind="counter",
                labels=("model", "host"),
                values=list(sums.items()),
            )

    def _label(self, attempt: Attempt) -> str:
        last = attempt.last
        name = (last.model if last is not None else "") or attempt.call.model
        return self._models.label(name, answered=last is not None)
