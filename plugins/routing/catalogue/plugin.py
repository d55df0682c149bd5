"""The models of all hosts, what each is, and which are in memory. Fails closed."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog
from msgspec import Struct

from localai import Duration, Gateway, Measure, SettingsError, Size, hookimpl, is_here
from plugins.routing.catalogue.declared import Declarations, Declared
from plugins.routing.catalogue.described import Described
from plugins.routing.catalogue.model import Facts, Loaded, Model
from plugins.routing.catalogue.poller import LOOK_TIMEOUT, Poller
from plugins.routing.catalogue.reading import model_key
from plugins.routing.catalogue.report import report
from plugins.routing.catalogue.routes import routes
from plugins.routing.hardware.plugin import Hardware
from plugins.routing.jitter import jittered

log = structlog.get_logger("catalogue")

LEAST_PAUSE = 3.0
"""Seconds between two looks, however often a name is asked for that is not there."""
MOST_MEASURED = 100
"""Models of a host whose memory is measured."""


class Catalogue:
    """Looks at every host now and then, and when asked to."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.routing.catalogue]."""

        refresh: Duration = Duration(30)
        """Time between two looks at the hosts."""
        start_wait: Duration = Duration(5)
        """Time that first requests wait for the first look."""
        models: dict[str, Declared] = {}
        """What you know of models, by name or pattern: quality, price, tags, num_ctx, slots …"""
        memory: dict[str, Size] = {}
        """Memory for models by host, as in [ollama] hosts; this machine's own is looked at."""

    def __init__(self, config: Config) -> None:
        if not config.refresh:
            raise SettingsError("refresh: expected a time above 0")
        self._config = config
        self._declarations = Declarations(config.models)
        self._memory = {url.rstrip("/"): size for url, size in config.memory.items()}
        self._described = Described()
        self._pollers: dict[str, Poller] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._raw: dict[str, dict[str, Facts]] = {}
        self._wanted = asyncio.Event()
        self._first = asyncio.Event()
        self._missing_said = False
        self.models: Mapping[str, Model] = {}
        """By `model_key`; another object when anything has changed."""

    # ---- for other plugins

    def find(self, name: str) -> Model | None:
        """Return a model by any spelling of its name.

        One that is not there makes the hosts be looked at again, at most every few seconds.
        """
        found = self.models.get(model_key(name))
        if found is None:
            self.look_soon()
        return found

    def loaded(self, host: str, name: str) -> Loaded | None:
        """Return how a model is in a host's memory, `None` if it is not."""
        poller = self._pollers.get(host)
        return poller.memory.get(model_key(name)) if poller is not None else None

    def all_loaded(self, host: str) -> Mapping[str, Loaded]:
        """Return all that is in a host's memory, by `model_key`."""
        poller = self._pollers.get(host)
        return poller.memory.all() if poller is not None else {}

    def note(self, host: str, name: str, *, num_ctx: int, keep_alive: float | str | None) -> None:
        """Note that a model has just answered there; `num_ctx` 0 is for unknown."""
        poller, key = self._pollers.get(host), model_key(name)
        if poller is not None:
            poller.memory.note(key, self._raw.get(key, {}).get(host), num_ctx, keep_alive)

    def gone(self, host: str, name: str) -> None:
        """Note that a model is not in memory there any more."""
        poller = self._pollers.get(host)
        if poller is not None:
            poller.memory.gone(model_key(name))

    def memory(self, host: str) -> int:
        """Return the bytes that models may take there; 0 if nobody knows."""
        if (said := self._memory.get(host)) is not None:
            return said
        hardware = self._gateway.find(Hardware) if is_here(host) else None
        reading = hardware.reading() if hardware is not None else None
        return reading.card.memory if reading is not None else 0

    def look_soon(self) -> None:
        """Have all hosts looked at, but not more often than every few seconds."""
        self._wanted.set()

    async def refresh(self, host: str = "") -> None:
        """Look at one host, or all, now; those who want it at the same time share a look."""
        self._follow()
        pollers = [self._pollers[host]] if host in self._pollers else self._pollers.values()
        await asyncio.gather(*(poller.refresh() for poller in pollers))

    async def ready(self) -> None:
        """Wait until the hosts were looked at once, or have had the time for it."""
        await self._first.wait()

    # ---- hooks

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, gateway: Gateway) -> AsyncIterator[None]:
        """Look at the hosts as long as this runs."""
        self._gateway = gateway
        if (before := gateway.find(Catalogue)) is not None:
            self._adopt(before)
        loop = asyncio.get_running_loop()
        deadline = loop.call_later(self._config.start_wait, self._first.set)
        looking = asyncio.create_task(self._look_on(), name="look at the models")
        try:
            yield
        finally:
            deadline.cancel()
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            await asyncio.gather(*(poller.stop() for poller in self._pollers.values()))
            await asyncio.gather(*self._ending)

    @hookimpl
    def route_handlers(self, gateway: Gateway) -> Sequence[Any]:
        """Serve the catalogue."""
        return routes(self.report)

    @hookimpl
    async def health(self) -> dict[str, Any]:
        """Report how many models there are, and how old the list is."""
        return {"models": len(self.models), "age_seconds": self._age()}

    @hookimpl
    def measures(self) -> Iterable[Measure]:
        """Return what models take in memory."""
        listed, taken = [], []
        for label, poller in self._labelled():
            loaded = poller.memory.all()
            listed.append(((label,), float(len(poller.keys))))
            for key in sorted(loaded)[:MOST_MEASURED]:
                taken.append(((label, key), float(loaded[key].size)))
        yield Measure(
            name="localai_models",
            help="Models that a host has.",
            kind="gauge",
            across="max",
            labels=("host",),
            values=listed,
        )
        yield Measure(
            name="localai_model_loaded_bytes",
            help="Memory that a model takes on a host, weights and caches.",
            kind="gauge",
            across="max",
            labels=("host", "model"),
            values=taken,
        )

    # ---- inside

    def report(self) -> dict[str, Any]:
        """Return the catalogue as `GET /admin/models` shows it."""
        return report(self.models.values(), self._declarations, dict(self._labelled()))

    def _labelled(self) -> Iterator[tuple[str, Poller]]:
        """Yield the hosts with the labels that callers may see."""
        for number, poller in enumerate(self._pollers.values(), 1):
            yield str(number), poller

    def _age(self) -> float | None:
        """Return the seconds since the host that is longest unseen was seen."""
        looked_at = min((each.looked_at for each in self._pollers.values()), default=-math.inf)
        return None if math.isinf(looked_at) else round(time.monotonic() - looked_at, 1)

    def _adopt(self, before: "Catalogue") -> None:
        """Begin with what the plugin of the last settings has seen."""
        self._described.adopt(before._described)
        self._follow()
        for url, poller in self._pollers.items():
            if url in before._pollers:
                poller.adopt(before._pollers[url])
        self._publish()
        self._first.set()

    def _follow(self) -> None:
        """Have a poller for each host of the file as it is now, in its order."""
        gateway = self._gateway
        urls = gateway.hosts.urls if gateway.settings.ollama.embedded != "always" else ()
        if list(urls) != list(self._pollers):
            before = self._pollers
            self._pollers = {url: before.get(url) or self._poller(url) for url in urls}
            for each in [each for url, each in before.items() if url not in self._pollers]:
                task = asyncio.create_task(each.stop(), name="leave a host")
                self._ending.add(task)
                task.add_done_callback(self._ending.discard)
            self._publish()
            for url in self._memory.keys() - self._pollers.keys():
                log.warning("this host is none of [ollama] hosts", setting="memory", host=url)

    def _poller(self, url: str) -> Poller:
        busy = 2 * self._config.refresh
        return Poller(url, self._ask, self._described, self._publish, busy)

    def _ask(
        self, host: str, path: str, body: object = None, timeout: float = LOOK_TIMEOUT
    ) -> Awaitable[Any]:
        # Other settings of [ollama] make another connection pool.
        return self._gateway.hosts.ask(host, path, body, timeout)

    def _publish(self) -> None:
        """Make the models anew of what the hosts say, those that have changed."""
        raw: dict[str, dict[str, Facts]] = {}
        for url, poller in self._pollers.items():
            for key, facts in poller.facts().items():
                raw.setdefault(key, {})[url] = facts
        if raw == self._raw:
            return
        self.models = {
            key: self.models[key]
            if self._raw.get(key) == hosts
            else self._declarations.model(hosts)
            for key, hosts in raw.items()
        }
        self._raw = raw

    async def _look_on(self) -> None:
        await self._gateway.started()
        while True:
            began = time.monotonic()
            self._wanted.clear()
            try:
                await self.refresh()
            except Exception:
                log.exception("looking at the models failed")
            self._described.keep({key for each in self._pollers.values() for key in each.keys})
            self._say_what_is_missing()
            self._first.set()
            try:
                async with asyncio.timeout(jittered(self._config.refresh)):
                    await self._wanted.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(max(0.0, began + LEAST_PAUSE - time.monotonic()))

    def _say_what_is_missing(self) -> None:
        """Say once which models are declared and nowhere."""
        if self._missing_said or any(each.error for each in self._pollers.values()):
            return
        self._missing_said = True
        missing = [name for name in self._declarations.names if name not in self.models]
        if missing and self._pollers:
            log.warning("models are declared that no host has: 'ollama pull' them", models=missing)
