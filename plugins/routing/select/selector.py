"""Choosing for one request after the other: what was asked before, and what was just loaded."""

from collections.abc import Sequence, Set
from functools import partial
from math import inf
from typing import Protocol

from plugins.routing.estimate.terms import Estimate, Outlook, Work
from plugins.routing.select.choice import Candidate, Choice, Need, Prospect, Terms, choose
from plugins.routing.select.demand import Demand
from plugins.routing.select.room import Resident, Rules, Space

MOST_LOADS = 256
"""Models whose last load is remembered."""


class Machine(Protocol):
    """The hosts as they are at one moment; a host is its base URL, a model its full name."""

    def hosts(self) -> Sequence[str]:
        """Return all hosts."""

    def is_open(self, host: str, model: str) -> bool:
        """Say whether a host takes requests for a model."""

    def outlook(self, host: str, model: str) -> Outlook:
        """Return how busy a model is there."""

    def estimate(self, host: str, model: str, work: Work, outlook: Outlook) -> Estimate:
        """Return what a request would take there."""

    def needed(self, host: str, model: str) -> float:
        """Return the bytes that a model takes in memory there."""

    def memory(self, host: str) -> float:
        """Return the bytes that models may take there; 0 if nobody knows."""

    def used(self, host: str) -> float:
        """Return the bytes that models take there, or will when they are loaded."""

    def residents(self, host: str) -> Sequence[Resident]:
        """Return the models in memory there and those on their way."""

    def loaded(self) -> Set[tuple[str, str]]:
        """Return the (host, model) that are in memory."""

    def coming(self) -> Set[tuple[str, str]]:
        """Return the (host, model) that are on their way into memory."""


class Judge:
    """Works out what it would be like to ask each model, for one request."""

    def __init__(
        self,
        machine: Machine,
        candidates: Sequence[Candidate],
        need: Need,
        terms: Terms,
        demand: Demand,
        recent: frozenset[str],
        rules: Rules,
    ) -> None:
        self._machine = machine
        self._need = need
        self.loaded = machine.loaded()
        """The (host, model) that are in memory."""
        self._there = self.loaded | machine.coming()
        names = {model for _, model in self._there}
        self._warm = [each for each in candidates if each.model in names]
        self._work = Work(prompt=need.prompt, answer=need.answer)
        self._terms = terms
        self._demand = demand
        self._recent = recent
        self._rules = rules
        self._spaces: dict[str, Space] = {}

    def __call__(self, candidate: Candidate, host: str) -> Prospect | None:
        """Return the prospect; `None` where the host takes no requests or it does not fit."""
        machine, model = self._machine, candidate.model
        if not machine.is_open(host, model):
            return None
        outlook = machine.outlook(host, model)
        if outlook.is_loaded or (host, model) in self._there:
            estimate = machine.estimate(host, model, self._work, outlook)
            return Prospect(estimate=estimate, is_loaded=outlook.is_loaded)
        space = self.space(host)
        room = space.room(candidate, machine.needed(host, model) if space.free < inf else 0.0)
        if room is None:
            return None
        return Prospect(
            estimate=machine.estimate(host, model, self._work, outlook),
            is_loaded=False,
            swap=room.swap,
            saving=room.saving,
            is_rude=room.is_rude,
        )

    def _cost(self, candidate: Candidate) -> float:
        """Return what a request like this one costs at least with a model in memory."""
        need = self._need
        return candidate.per_prompt * need.prompt + candidate.per_answer * need.answer

    def space(self, host: str) -> Space:
        """Return a host's memory."""
        space = self._spaces.get(host)
        if space is None:
            machine = self._machine
            memory = machine.memory(host)
            space = self._spaces[host] = Space(
                memory,
                machine.used(host) if memory else 0.0,
                partial(machine.residents, host),
                [each for each in self._warm if (host, each.model) in self._there],
                self._cost,
                self._demand,
                self._terms,
                self._rules,
                self._recent,
            )
        return space


class Selector:
    """Chooses models, and remembers what for."""

    def __init__(self, horizon: float = 300.0, rules: Rules | None = None) -> None:
        self.demand = Demand(horizon)
        """What was asked of late."""
        self._rules = rules or Rules()
        self._loaded_at: dict[str, float] = {}

    def judge(
        self,
        candidates: Sequence[Candidate],
        need: Need,
        terms: Terms,
        machine: Machine,
        now: float,
    ) -> Judge:
        """Return what works out the prospects of a request."""
        self.demand.at(now)
        since = now - self._rules.min_residency
        recent = frozenset(name for name, at in self._loaded_at.items() if at > since)
        return Judge(machine, candidates, need, terms, self.demand, recent, self._rules)

    def select(
        self,
        candidates: Sequence[Candidate],
        need: Need,
        terms: Terms,
        machine: Machine,
        now: float,
    ) -> Choice | None:
        """Choose for a request that will be sent; see `choice.choose`."""
        choice = self.preview(candidates, need, terms, machine, now)
        if choice is not None:
            self.chosen(choice, need, now)
        return choice

    def preview(
        self,
        candidates: Sequence[Candidate],
        need: Need,
        terms: Terms,
        machine: Machine,
        now: float,
    ) -> Choice | None:
        """Choose for a request that will not be sent."""
        judge = self.judge(candidates, need, terms, machine, now)
        hosts = machine.hosts()
        if len(hosts) > 1:
            hosts = sorted(hosts, key=lambda host: -judge.space(host).free)
        return choose(candidates, need, terms, judge, judge.loaded, hosts)

    def chosen(self, choice: Choice, need: Need, now: float) -> None:
        """Note that a request goes to a model."""
        self.demand.at(now)
        self.demand.needed(choice.floor, need.can)
        if not choice.prospect.is_loaded:
            loaded_at = self._loaded_at
            loaded_at.pop(choice.candidate.model, None)
            if len(loaded_at) >= MOST_LOADS:
                del loaded_at[next(iter(loaded_at))]
            loaded_at[choice.candidate.model] = now
