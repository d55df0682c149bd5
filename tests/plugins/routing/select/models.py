"""Models and a machine for the tests of choosing."""

from collections.abc import Sequence
from typing import Any

from plugins.routing.estimate.terms import Estimate, Outlook, Work
from plugins.routing.select.choice import Candidate, Prospect
from plugins.routing.select.room import Resident

TEXT = frozenset({"completion"})
HERE = "http://here"
THERE = "http://there"


def candidate(model: str, quality: float = 0.5, **changes: Any) -> Candidate:
    """Return a candidate that makes text."""
    made = Candidate(model=model, quality=quality, can=TEXT, hosts=(HERE,))
    return made.replace(**changes)


def prospect(total: float = 1.0, first: float = 0.1, joules: float = 0.0, **more: Any) -> Prospect:
    """Return the prospect of a model in memory."""
    load = more.pop("load", 0.0)
    estimate = Estimate(load=load, first_token=first + load, total=total + load, joules=joules)
    return Prospect(estimate=estimate, is_loaded=not load, **more)


class Box:
    """A machine with one host: seconds for an answer and bytes by model, loaded on demand.

    Models leave in the order in which they came, as soon as another one needs their place.
    """

    def __init__(
        self, memory: float, models: Sequence[Candidate], seconds: dict[str, float], load: float
    ) -> None:
        self._memory = memory
        self._models = {each.model: each for each in models}
        self._seconds = seconds
        self._load = load
        self.inside: list[str] = []
        self.on_its_way: set[str] = set()
        self.loads = 0

    def answer(self, model: str) -> None:
        """Answer by a model, which is loaded if it must be; each takes one byte."""
        if model not in self.inside:
            self.loads += 1
            while self.inside and 0.8 * (self._memory - len(self.inside)) < 1:
                self.inside.pop(0)
            self.inside.append(model)

    def hosts(self) -> Sequence[str]:
        """Return the one host."""
        return [HERE]

    def is_open(self, host: str, model: str) -> bool:
        """Take all."""
        return True

    def outlook(self, host: str, model: str) -> Outlook:
        """Be idle."""
        return Outlook(is_loaded=model in self.inside)

    def estimate(self, host: str, model: str, work: Work, outlook: Outlook) -> Estimate:
        """Take the model's time."""
        load = 0.0 if outlook.is_loaded else self._load
        seconds = self._seconds[model]
        return Estimate(load=load, first_token=load + seconds / 10, total=load + seconds)

    def needed(self, host: str, model: str) -> float:
        """Take one byte each."""
        return 1.0

    def memory(self, host: str) -> float:
        """Return the bytes that there are."""
        return self._memory

    def used(self, host: str) -> float:
        """Return the bytes that are taken."""
        return float(len(self.inside))

    def residents(self, host: str) -> Sequence[Resident]:
        """Return who is in memory."""
        return [
            Resident(model=self._models[name], size=1.0, load_seconds=self._load)
            for name in self.inside
        ]

    def loaded(self) -> set[tuple[str, str]]:
        """Return who is in memory, with the host."""
        return {(HERE, name) for name in self.inside}

    def coming(self) -> set[tuple[str, str]]:
        """Return who is being loaded, with the host."""
        return {(HERE, name) for name in self.on_its_way}
