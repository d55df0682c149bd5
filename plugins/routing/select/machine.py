"""The hosts as other plugins know them, for one request; what is asked twice is kept."""

from collections.abc import Mapping, Sequence, Set

from plugins.routing.catalogue.model import Facts, Loaded, Model
from plugins.routing.catalogue.plugin import Catalogue
from plugins.routing.catalogue.reading import model_key
from plugins.routing.context.plugin import ContextGuard
from plugins.routing.estimate import memory
from plugins.routing.estimate.plugin import Estimator
from plugins.routing.estimate.terms import Estimate, Outlook, Work
from plugins.routing.hosts.plugin import Hosts
from plugins.routing.queue.plugin import Queue
from plugins.routing.select.choice import Candidate
from plugins.routing.select.room import Resident

USUAL_CONTEXT = 8_192
"""Tokens of context to reckon with where nobody says."""
_RELOAD = Work(prompt=0, answer=0)
_COLD = Outlook()
_LOADED = Outlook(is_loaded=True)


class Fleet:
    """A `Machine`: the catalogue, the hosts, the queue and the estimates, at one moment."""

    def __init__(
        self,
        urls: Sequence[str],
        catalogue: Catalogue,
        estimator: Estimator,
        context: ContextGuard | None,
        hosts: Hosts | None,
        queue: Queue | None,
    ) -> None:
        self._urls = urls
        self._catalogue = catalogue
        self._models = catalogue.models
        self._estimator = estimator
        self._context = context
        self._hosts = hosts
        self._queue = None if queue is None or queue.is_idle else queue
        self._found: dict[str, Model] = {}
        self._open: dict[str, frozenset[str]] = {}
        self._in_memory: dict[str, Mapping[str, Loaded]] = {}
        self._sizes: dict[str, Mapping[str, float]] = {}
        self._inside: Set[tuple[str, str]] | None = None

    def opened(self) -> "Fleet":
        """Return it as it would be if every host took requests."""
        return Fleet(self._urls, self._catalogue, self._estimator, self._context, None, self._queue)

    def hosts(self) -> Sequence[str]:
        """Return all hosts."""
        return self._urls

    def is_open(self, host: str, model: str) -> bool:
        """Say whether a host takes requests for a model."""
        if self._hosts is None:
            return True
        found = self._open.get(model)
        if found is None:
            found = frozenset(each.url for each in self._hosts.open_for(model))
            self._open[model] = found
        return host in found

    def outlook(self, host: str, model: str) -> Outlook:
        """Return how busy a model is there."""
        if self._queue is not None:
            return self._queue.outlook(host, model)
        return _LOADED if (host, model) in self.loaded() else _COLD

    def estimate(self, host: str, model: str, work: Work, outlook: Outlook) -> Estimate:
        """Return what a request would take there."""
        return self._estimator.estimate(host, self._facts(host, model), work, outlook)

    def needed(self, host: str, model: str) -> float:
        """Return the bytes that a model takes in memory there."""
        return memory.needed(self._facts(host, model), self.context(model), self.slots(model))

    def memory(self, host: str) -> float:
        """Return the bytes that models may take there; 0 if nobody knows."""
        return self._catalogue.memory(host)

    def used(self, host: str) -> float:
        """Return the bytes that models take there, or will when they are loaded."""
        return sum(self._taken(host).values())

    def residents(self, host: str) -> Sequence[Resident]:
        """Return those in memory there and on their way that the catalogue knows."""
        found = []
        for key, size in self._taken(host).items():
            model = self._models.get(key)
            facts = model.hosts.get(host) if model is not None else None
            if model is None or facts is None:
                continue
            reload = self._estimator.estimate(host, facts, _RELOAD, _COLD)
            found.append(
                Resident(
                    model=Candidate(
                        model=model.name, quality=model.quality, can=facts.capabilities
                    ),
                    size=size or facts.size,
                    load_seconds=reload.load,
                    load_joules=reload.joules,
                )
            )
        return found

    def loaded(self) -> Set[tuple[str, str]]:
        """Return the (host, model) that are in memory."""
        if self._inside is None:
            self._inside = {
                (host, model.name)
                for host in self._urls
                for key in self._loaded(host)
                if (model := self._models.get(key)) is not None
            }
        return self._inside

    def coming(self) -> Set[tuple[str, str]]:
        """Return the (host, model) that are on their way into memory."""
        return self._queue.coming() if self._queue is not None else frozenset()

    def context(self, model: str) -> int:
        """Return the tokens of context that a model is loaded with."""
        found = self._model(model)
        if self._context is not None:
            return self._context.bounds(found).usual
        return found.num_ctx or found.facts.num_ctx or USUAL_CONTEXT

    def slots(self, model: str) -> int:
        """Return how many answers at a time a model is loaded for."""
        found = self._model(model)
        return self._estimator.forced_slots(found.facts) or found.slots or 1

    def _model(self, name: str) -> Model:
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = self._models[model_key(name)]
        return found

    def _facts(self, host: str, model: str) -> Facts:
        found = self._model(model)
        return found.hosts.get(host, found.facts)

    def _taken(self, host: str) -> Mapping[str, float]:
        """Return the bytes of each model that is in memory or on its way, by `model_key`."""
        found = self._sizes.get(host)
        if found is None:
            coming = [name for url, name in self.coming() if url == host]
            found = self._sizes[host] = {
                key: self.needed(host, name)
                for name in coming
                if (key := model_key(name)) in self._models
            } | {key: each.size for key, each in self._loaded(host).items()}
        return found

    def _loaded(self, host: str) -> Mapping[str, Loaded]:
        found = self._in_memory.get(host)
        if found is None:
            found = self._in_memory[host] = self._catalogue.all_loaded(host)
        return found


def most_context(model: Model, context: ContextGuard | None) -> int:
    """Return the most tokens that a model can be given; 0 if nobody knows."""
    if context is not None:
        return context.bounds(model).most
    return model.num_ctx or model.facts.context_length
