"""The plugins that choosing asks, without a router."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from localai import Gateway
from plugins.routing.catalogue.model import Loaded, Model
from plugins.routing.catalogue.plugin import Catalogue
from plugins.routing.catalogue.reading import model_key
from plugins.routing.estimate.plugin import Estimator
from plugins.routing.hosts.host import Host
from plugins.routing.hosts.plugin import Hosts
from plugins.routing.queue.desk import Bounds, Desk
from plugins.routing.queue.loads import Load
from plugins.routing.queue.members import Members
from plugins.routing.queue.outlooks import Outlooks
from plugins.routing.queue.plugin import Queue
from plugins.routing.quiet.plugin import Quiet
from plugins.routing.quiet.restraint import Restraint
from plugins.routing.select.plugin import Select
from plugins.routing.select.route import Router
from tests.plugins.routing.select.models import HERE


class FixedCatalogue(Catalogue):
    """Models that stay as they are."""

    def __init__(
        self, models: Iterable[Model], loaded: Mapping[tuple[str, str], Loaded], memory: int
    ) -> None:
        super().__init__(Catalogue.Config())
        self.models = {model_key(model.name): model for model in models}
        self._inside = {(host, model_key(name)): each for (host, name), each in loaded.items()}
        self._bytes = memory

    def loaded(self, host: str, name: str) -> Loaded | None:
        """Return what is in memory."""
        return self._inside.get((host, model_key(name)))

    def all_loaded(self, host: str) -> Mapping[str, Loaded]:
        """Return all that is in memory."""
        return {key: each for (at, key), each in self._inside.items() if at == host}

    def memory(self, host: str) -> int:
        """Return the same for all hosts."""
        return self._bytes


class FixedQuiet(Quiet):
    """A tariff and a restraint that stay as they are."""

    def __init__(self, price: float | None, saving: bool) -> None:
        super().__init__(Quiet.Config())
        self._now = price
        self._saving = saving

    def restraint(self) -> Restraint:
        """Return the restraint."""
        return Restraint(saving=self._saving)

    def price(self) -> float | None:
        """Return the tariff."""
        return self._now


class FixedHosts(Hosts):
    """Hosts that are always up."""

    def __init__(self, urls: Iterable[str]) -> None:
        super().__init__(Hosts.Config())
        self._hosts = tuple(Host(url=url, label=url) for url in urls)


class BusyQueue(Queue):
    """A queue for the plugins of a stage, in which models are being loaded."""

    def __init__(self, stage: "Stage", *coming: tuple[str, str]) -> None:
        super().__init__(Queue.Config())
        members = Members(cast(Gateway, stage), 4, {})
        self._outlooks = Outlooks(members, self._loads, 0.1)
        bounds = Bounds(waiting=1, each=1, total=1, wait=1.0, batch_wait=1.0)
        self._desk = Desk(bounds, self._outlooks, self._figures)
        for url, name in coming:
            self._loads._loads[url, name, None] = Load(url, name, 5.0, 0.0)


class Stage:
    """A gateway with these plugins, and a `Select` on it."""

    uses_embedded = False
    generation = 1

    def __init__(
        self,
        *models: Model,
        loaded: Mapping[tuple[str, str], Loaded] | None = None,
        memory: int = 0,
        urls: Iterable[str] = (HERE,),
        more: Iterable[object] = (),
        **settings: Any,
    ) -> None:
        self.urls = list(urls)
        self.hosts = self
        self.catalogue = FixedCatalogue(models, loaded or {}, memory)
        self.estimator = Estimator(Estimator.Config(profile="ryzen-ai-max-395"))
        self.estimator._gateway = cast(Gateway, self)
        self._plugins = [self.catalogue, self.estimator, *more]
        self.select = Select(Select.Config(**settings))
        self.router.gateway = cast(Gateway, self)

    @property
    def router(self) -> Router:
        """What chooses."""
        return self.select._router

    def add(self, *plugins: object) -> None:
        """Put more plugins beside those that are here."""
        self._plugins += plugins

    def find(self, kind: type) -> object | None:
        """Return the plugin of a class."""
        return next((each for each in self._plugins if isinstance(each, kind)), None)
