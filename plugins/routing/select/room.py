"""What loading a model costs those that must leave for it."""

from collections.abc import Callable, Sequence
from functools import cached_property
from math import exp, inf
from operator import itemgetter
from typing import NamedTuple

from localai import Value
from plugins.routing.estimate.memory import USABLE
from plugins.routing.select.choice import Candidate, Terms
from plugins.routing.select.demand import Class, Demand

FORECAST = 0.2
"""Part of the horizon for which requests are expected to go on as of late. In the simulated day
(`benchmarks/routing_sim`) 1 makes twice the loads and 5 s more until a late first token: loads keep
others waiting, which no request's own cost shows."""


class Resident(Value, frozen=True, kw_only=True):
    """A model in a host's memory."""

    model: Candidate
    size: float
    """Bytes that it takes there."""
    load_seconds: float
    """To load it again."""
    load_joules: float = 0.0


class Room(NamedTuple):
    """What making room comes to."""

    swap: float = 0.0
    """Money that it costs to load again what is driven out, as likely as that is."""
    saving: float = 0.0
    """Money that requests save by it until what left is wanted back; negative if they lose."""
    is_rude: bool = False
    """Whether something leaves that came a moment ago."""
    leaving: tuple[str, ...] = ()


class Rules(NamedTuple):
    """How long things last."""

    keep: float = 300.0
    """Seconds that a model stays in memory without requests."""
    min_residency: float = 30.0
    """Seconds in memory before a model is driven out without need."""


class _Departure(NamedTuple):
    """What it means that some leave."""

    reload: float
    """Money that it costs to load them again."""
    missed: list[tuple[Class, float]]
    """What was asked that none of those that stay can answer, and how often a second."""
    named: float
    """Requests a second that name one of them."""
    is_rude: bool


class Space:
    """The memory of one host at one moment, and who leaves it first.

    The queue has those leave that are worth least for their size, and none that need not; that is
    what is reckoned with here.
    """

    def __init__(
        self,
        memory: float,
        used: float,
        residents: Callable[[], Sequence[Resident]],
        here: Sequence[Candidate],
        cost: Callable[[Candidate], float],
        demand: Demand,
        terms: Terms,
        rules: Rules,
        recent: frozenset[str] = frozenset(),
    ) -> None:
        self._memory = memory
        self._demand = demand
        self._rules = rules
        self.free = inf
        if memory:
            self.free = USABLE * (memory - used) if used else memory
        """Bytes that a model may take without driving others out; infinite if nobody knows."""
        self._residents = residents
        self._here = here
        self._cost = cost
        self._terms = terms
        self._recent = recent
        self._order: list[Resident] | None = None
        self._departures: dict[tuple[str, ...], _Departure] = {}

    def room(self, newcomer: Candidate, needed: float) -> Room | None:
        """Return what it takes to load a model of so many bytes; `None` if it can't fit at all."""
        horizon = FORECAST * self._demand.horizon
        if needed <= self.free:
            return Room(saving=horizon * self._saved(newcomer, ()))
        leaving = self._leaving(needed)
        if leaving is None:
            return None
        departure = self._departure(leaving)
        # Requests that nobody in memory could then answer: the first of them swaps back.
        back = departure.named + sum(
            rate for need, rate in departure.missed if not need.is_met_by(newcomer)
        )
        return Room(
            swap=departure.reload * (1 - exp(-back * self._rules.keep)),
            saving=min(horizon, 1 / back if back else inf) * self._saved(newcomer, leaving),
            is_rude=departure.is_rude,
            leaving=leaving,
        )

    def _saved(self, newcomer: Candidate, leaving: tuple[str, ...]) -> float:
        """Return the money a second that requests cost less with a model than as it is."""
        own, saved = self._cost(newcomer), 0.0
        for need, rate, costs in self._answering:
            before = after = costs[0][0]
            if leaving:
                after = next((cost for cost, name in costs if name not in leaving), inf)
            if own < after and need.is_met_by(newcomer):
                after = own
            if after < inf:
                saved += rate * (before - after)
        return saved

    @cached_property
    def _answering(self) -> list[tuple[Class, float, list[tuple[float, str]]]]:
        """What was asked that models here can answer, how often a second, and their costs."""
        here = sorted(
            ((self._cost(each), each.model, each) for each in self._here), key=itemgetter(0, 1)
        )
        found = []
        for need, rate in self._demand.rates():
            costs = [(cost, name) for cost, name, each in here if need.is_met_by(each)]
            if costs:
                found.append((need, rate, costs))
        return found

    def _leaving(self, needed: float) -> tuple[str, ...] | None:
        """Return who leaves for so many bytes; `None` if that is not enough."""
        if needed > self._memory:
            return None
        if self._order is None:
            self._order = sorted(self._residents(), key=self._density)
        staying = list(self._order)
        while staying and not self._fits(needed, staying):
            del staying[0]
        going = self._order[: len(self._order) - len(staying)]
        # What is worth most of those may stay after all, where a larger one had to leave anyway.
        for each in reversed(going[:-1]):
            if self._fits(needed, [*staying, each]):
                staying.append(each)
        return tuple(each.model.model for each in going if each not in staying)

    def _fits(self, needed: float, staying: Sequence[Resident]) -> bool:
        if not staying:
            return needed <= self._memory  # alone a model may take all
        return needed <= USABLE * (self._memory - sum(each.size for each in staying))

    def _density(self, each: Resident) -> tuple[float, str]:
        """Return by what the least wanted is found: how often, times what it costs to have again,
        for each byte."""
        used = self._demand.of(each.model.model) + self._demand.met_by(each.model)
        return used * self._reload(each) / max(each.size, 1.0), each.model.model

    def _reload(self, each: Resident) -> float:
        terms = self._terms
        return terms.per_second * each.load_seconds + terms.per_joule * each.load_joules

    def _departure(self, leaving: tuple[str, ...]) -> _Departure:
        found = self._departures.get(leaving)
        if found is None:
            residents = self._order or ()
            staying = [each.model for each in residents if each.model.model not in leaving]
            found = self._departures[leaving] = _Departure(
                reload=sum(self._reload(each) for each in residents if each.model.model in leaving),
                missed=[
                    (need, rate)
                    for need, rate in self._demand.rates()
                    if not any(need.is_met_by(each) for each in staying)
                ],
                named=sum(self._demand.of(name) for name in leaving),
                is_rude=not self._recent.isdisjoint(leaving),
            )
        return found
