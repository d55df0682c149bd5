"""What the queue asks of its family."""

from collections.abc import Mapping
from typing import NamedTuple

from localai import Call, Gateway, GatewayError, Unavailable, prompt_tokens
from plugins.routing.catalogue.model import Facts, Model
from plugins.routing.catalogue.plugin import Catalogue
from plugins.routing.estimate.plugin import Estimator
from plugins.routing.estimate.terms import Estimate, Outlook, Work
from plugins.routing.hosts.plugin import Hosts
from plugins.routing.queue.slots import slots
from plugins.routing.quiet.plugin import Quiet

MOST_KNOWN = 10_000
"""Models on hosts whose slots are remembered."""
_NO_WORK = Work(prompt=0, answer=0)
_COLD = Outlook()


class Family(NamedTuple):
    """The members that the queue can't do without, as they are for one request."""

    hosts: Hosts
    catalogue: Catalogue
    estimator: Estimator
    quiet: Quiet | None


class Members:
    """Finds the members, which other settings may replace at any time."""

    def __init__(self, gateway: Gateway, parallel: int, by_host: Mapping[str, int]) -> None:
        self.gateway = gateway
        self._parallel = parallel
        self._by_host = by_host
        self._slots: dict[tuple[str, str], tuple[Model, int]] = {}
        self._generation = 0
        self._family: Family | None = None

    def family(self) -> Family | None:
        """Return the members; `None` where the settings of now have some of them off."""
        generation = self.gateway.generation
        if generation != self._generation:
            self._generation = generation
            find = self.gateway.find
            hosts, catalogue, estimator = find(Hosts), find(Catalogue), find(Estimator)
            self._family = None
            if hosts is not None and catalogue is not None and estimator is not None:
                self._family = Family(hosts, catalogue, estimator, find(Quiet))
        return self._family

    def slots(self, model: Model, url: str, family: Family) -> int:
        """Return how many answers at a time a model makes on a host."""
        known = self._slots.get((model.name, url))
        if known is None or known[0] is not model:
            facts = model.hosts.get(url, model.facts)
            parallel = self._by_host.get(url, self._parallel)
            most = slots(parallel, model.slots, family.estimator.forced_slots(facts))
            if len(self._slots) >= MOST_KNOWN:
                self._slots.clear()
            known = self._slots[model.name, url] = (model, most)
        most, quiet = known[1], family.quiet
        return most if quiet is None else max(1, int(most * quiet.restraint().slots))

    def open_urls(self, model: Model, hosts: Hosts) -> list[str]:
        """Return the hosts that have a model and may be asked for it now."""
        return [host.url for host in hosts.open_for(model.name) if host.url in model.hosts]

    def closed(self, model: Model, hosts: Hosts) -> GatewayError:
        """Return the error for a model whose hosts may all not be asked now."""
        known = [host for host in hosts.all if host.url in model.hosts]
        wait = hosts.retry_after(model.name)
        if any(host.is_open for host in known):
            return Unavailable(
                f"model '{model.name}' has failed several times and gets a rest: try again",
                code="circuit_open",
                retry_after=wait,
            )
        if any(host.is_up for host in known):
            return Unavailable(
                f"the hosts that have model '{model.name}' take no new requests: try again later",
                code="draining",
                retry_after=max(wait, 30.0),
            )
        error = self.gateway.hosts.unreachable(known[0].url if known else "")
        error.retry_after = wait
        return error


def is_loaded(url: str, call: Call, catalogue: Catalogue) -> bool:
    """Say whether a model is in a host's memory in the way in which a call wants it."""
    loaded = catalogue.loaded(url, call.model)
    if loaded is None:
        return False
    wanted = call.options.num_ctx
    return wanted is None or not loaded.num_ctx or loaded.num_ctx == wanted


def work_of(call: Call, estimator: Estimator) -> Work:
    """Return what a call asks of its model; long prompts take a fraction of a millisecond."""
    return Work(prompt=prompt_tokens(call), answer=estimator.answer_tokens(call))


def estimated(
    estimator: Estimator, url: str, facts: Facts, work: Work, slots: int, busy: int
) -> Estimate:
    """Return what a request takes of a loaded model beside others."""
    beside = Outlook(slots=slots, busy=min(busy, slots - 1), is_loaded=True)
    return estimator.estimate(url, facts, work, beside)


def load_seconds(estimator: Estimator, url: str, facts: Facts) -> float:
    """Return how long a model takes to load that nothing holds up."""
    return estimator.estimate(url, facts, _NO_WORK, _COLD).load
