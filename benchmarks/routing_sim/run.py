"""Runs a day's requests on the simulated machine under one policy."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf

from benchmarks.routing_sim.fleet import BY_NAME
from benchmarks.routing_sim.machine import Machine
from benchmarks.routing_sim.policies import Policy
from benchmarks.routing_sim.traffic import Request

PATIENCE = 24 * 3600.0
"""Seconds after the last request at which whatever still waits is given up."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a day."""

    policy: str
    requests: Sequence[Request]
    loads: int
    joules: float

    @property
    def served(self) -> list[Request]:
        """Those that have their answer."""
        return [each for each in self.requests if each.end >= 0]

    @property
    def refused(self) -> int:
        """How many got no answer."""
        return len(self.requests) - len(self.served)

    @property
    def violations(self) -> int:
        """How many were answered by a model that is not good enough."""
        return sum(BY_NAME[each.model].quality < each.floor for each in self.served)

    @property
    def wh_per_request(self) -> float:
        """Watt-hours at the wall for each answer, above what the machine takes idle."""
        return self.joules / 3600 / max(1, len(self.served))

    def first_token(self, share: float, chosen: Callable[[Request], bool]) -> float:
        """Return the seconds to the first token that this share of the chosen did not exceed."""
        times = sorted(each.first_token - each.at for each in self.served if chosen(each))
        return times[min(len(times) - 1, int(share * len(times)))] if times else 0.0


def run(make: Callable[[Machine], Policy], requests: Sequence[Request]) -> Outcome:
    """Run requests, which are copied, on a machine of their own."""
    waiting = [replace(each) for each in requests]
    machine = Machine(lambda request: policy.ended(request))
    policy = make(machine)
    machine.keep_alive = policy.keep_alive
    last = waiting[-1].at if waiting else 0.0
    coming = 0
    while True:
        arrives = waiting[coming].at if coming < len(waiting) else inf
        at = min(arrives, machine.next_event)
        if at == inf or at > last + PATIENCE:
            break
        machine.advance(at)
        if arrives <= at:
            request = waiting[coming]
            coming += 1
            model = policy.model(request)
            if model is None:
                request.refused = True
            else:
                policy.push(request, model)
        _pump(machine, policy)
        if coming == len(waiting) and not policy.waiting() and machine.is_idle:
            break
    return Outcome(policy=policy.name, requests=waiting, loads=machine.loads, joules=machine.joules)


def _pump(machine: Machine, policy: Policy) -> None:
    """Start whatever can be started, and have loaded what is waited for."""
    for model in policy.waiting():
        runner = machine.loaded.get(model)
        if runner is None:
            machine.load(model)
            continue
        while runner.has_room and (request := policy.pop(model)) is not None:
            machine.start(request, model)
    machine.begin_load()
