"""Several Ollamas: who is well, who knows a conversation, who rests. Fails closed."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

import click
import structlog
from msgspec import Meta, Struct

from localai import Call, Duration, Gateway, Measure, NotFound, SettingsError, Unavailable, hookimpl
from plugins.routing.catalogue.plugin import Catalogue
from plugins.routing.catalogue.reading import model_key
from plugins.routing.hosts.affinity import Affinity
from plugins.routing.hosts.attempt import Attempt
from plugins.routing.hosts.breaker import Terms
from plugins.routing.hosts.breakers import Breakers
from plugins.routing.hosts.commands import add_to
from plugins.routing.hosts.health import TIMEOUT, Health
from plugins.routing.hosts.host import Host
from plugins.routing.hosts.report import describe, measures
from plugins.routing.hosts.routes import routes

log = structlog.get_logger("hosts")

SOON = 1.0
"""Seconds to wait where nothing says how long: a host is up again, and its door opens at once."""


class Hosts:
    """Knows each Ollama of the file; the catalogue knows what they have."""

    fail_mode = "closed"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.routing.hosts]."""

        probe: Duration = Duration(1)
        """Time until a host that is down is asked again; twice as long each time."""
        probe_longest: Duration = Duration(5)
        """Longest time between two such questions."""
        idle: Duration = Duration(30)
        """Time without a sign of life after which a host is asked for one."""
        sessions: Annotated[int, Meta(ge=0, le=1_000_000)] = 4096
        """Beginnings of conversations whose host is remembered, for its prompt cache; 0: none."""
        session_time: Duration = Duration(1800)
        """Time that they are remembered."""
        failure_rate: Annotated[float, Meta(gt=0, le=1)] = 0.5
        """Part of the answers of a model on a host that fail, from which on it gets a rest."""
        failures_in_a_row: Annotated[int, Meta(ge=1)] = 3
        """Failures one after the other that give it a rest at once."""
        rest: Duration = Duration(5)
        """The first rest; twice as long each time, until it has been well for `longest_rest`."""
        longest_rest: Duration = Duration(60)
        """Longest rest."""

    def __init__(self, config: Config) -> None:
        for setting in ("probe", "probe_longest", "idle"):
            if not getattr(config, setting):
                raise SettingsError(f"{setting}: expected a time above 0")
        self._gateway: Gateway | None = None
        self._source: object = None
        self._hosts: tuple[Host, ...] = ()
        self._breakers = Breakers(
            Terms(
                rate=config.failure_rate,
                in_a_row=config.failures_in_a_row,
                first=config.rest,
                longest=config.longest_rest,
            )
        )
        self._affinity = Affinity(config.sessions, config.session_time)
        self._health = Health(
            lambda: self.all,
            self._ask,
            self._changed,
            first=config.probe,
            longest=config.probe_longest,
            idle=config.idle,
        )

    # ---- for other plugins

    @property
    def all(self) -> tuple[Host, ...]:
        """The hosts of the file as it is now, in its order; none if it wants the engine only."""
        gateway = self._gateway
        if gateway is not None and gateway.hosts is not self._source:
            self._follow(gateway)
        return self._hosts

    def open_for(self, model: str) -> list[Host]:
        """Return the hosts that may be asked for a model now, whether they have it or not."""
        hosts = self.all
        key, now = model_key(model), time.monotonic()
        return [host for host in hosts if host.is_open and self._admits(host, key, now)]

    def begin(self, host: Host, model: str) -> Attempt:
        """Begin to ask a host for a model.

        Raises `Unavailable` where it has failed so often that it gets a rest.
        """
        breaker = self._breakers.of(host.url, model_key(model))
        turn = breaker.begin(time.monotonic())
        if not turn:
            raise Unavailable(
                f"model '{model}' has failed several times here and gets a rest: try again",
                code="circuit_open",
                retry_after=self.retry_after(model),
            )
        return Attempt(host, breaker, turn, self._health.up, self._health.down)

    def retry_after(self, model: str) -> float:
        """Return the seconds until a host may be asked for a model again; at least one."""
        key, now = model_key(model), time.monotonic()
        times = []
        for host in self.all:
            if host.is_draining:
                continue
            breaker = self._breakers.find(host.url, key)
            rests = breaker.retry_at if breaker is not None else 0.0
            times.append(max(rests, now if host.is_up else host.probe_at) - now)
        return max(SOON, min(times, default=SOON))

    def preferred(self, call: Call) -> Host | None:
        """Return the host that has the beginning of this conversation in its prompt cache."""
        hosts = self.all
        if len(hosts) < 2:
            return None
        url = self._affinity.find(call)
        return next((host for host in hosts if host.url == url and host.is_open), None)

    def remember(self, call: Call, host: Host) -> None:
        """Note that a host has worked on a conversation."""
        if len(self.all) > 1:
            self._affinity.remember(call, host.url)

    def drain(self, label: str, drains: bool, by: str = "") -> Host:
        """Send a host no new requests, or send it some again; raise `NotFound`."""
        host = next((each for each in self.all if each.label == label), None)
        if host is None:
            raise NotFound(f"there is no host '{label}': 'localai hosts list' shows them")
        if host.is_draining != drains:
            host.is_draining = drains
            event = "a host drains" if drains else "a host drains no more"
            log.info(event, host=host.place, by=by)
        return host

    def report(self) -> list[dict[str, Any]]:
        """Return the hosts as `GET /admin/hosts` shows them."""
        now = time.monotonic()
        return [describe(host, self._breakers.open(host.url, now), now) for host in self.all]

    # ---- hooks

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, gateway: Gateway) -> AsyncIterator[None]:
        """Probe as long as this runs; go on where the plugin of the last settings was."""
        self._gateway = gateway
        if (before := gateway.find(Hosts)) is not None:
            self._hosts = before.all
        probing = asyncio.create_task(self._probe(gateway), name="probe hosts")
        try:
            yield
        finally:
            probing.cancel()
            await asyncio.gather(probing, return_exceptions=True)

    @hookimpl
    def route_handlers(self, gateway: Gateway) -> Sequence[Any]:
        """Serve the hosts and draining."""
        return routes(self)

    @hookimpl
    def commands(self, cli: click.Group) -> None:
        """Add `localai hosts`."""
        add_to(cli)

    @hookimpl
    async def health(self) -> dict[str, Any]:
        """Report who is up."""
        hosts = self.all
        return {"up": sum(host.is_up for host in hosts), "of": len(hosts)}

    @hookimpl
    def measures(self) -> Iterable[Measure]:
        """Return who is up and what each has to do."""
        now = time.monotonic()
        return measures(self.all, self._breakers.states(now))

    # ---- inside

    async def _probe(self, gateway: Gateway) -> None:
        await gateway.started()
        await self._health.run()

    def _admits(self, host: Host, key: str, now: float) -> bool:
        breaker = self._breakers.find(host.url, key)
        return breaker is None or breaker.admits(now)

    def _follow(self, gateway: Gateway) -> None:
        """Have the hosts of the file as it is now; those that stay keep their state."""
        self._source = gateway.hosts
        urls = gateway.hosts.urls if gateway.settings.ollama.embedded != "always" else ()
        known = {host.url: host for host in self._hosts}
        hosts = []
        for number, url in enumerate(urls, 1):
            host = known.get(url) or Host(url, str(number))
            host.label = str(number)
            hosts.append(host)
        self._hosts = tuple(hosts)

    def _changed(self, host: Host) -> None:
        """What was in its memory is not there any more, or nobody knows."""
        catalogue = self._gateway.find(Catalogue) if self._gateway is not None else None
        if catalogue is not None:
            catalogue.look_soon()

    def _ask(
        self, host: str, path: str, body: object = None, timeout: float = TIMEOUT
    ) -> Awaitable[Any]:
        # Other settings of [ollama] make another connection pool.
        assert self._gateway is not None
        return self._gateway.hosts.ask(host, path, body, timeout)
