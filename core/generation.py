"""One immutable loaded state: settings, plugins, chain and routes, built whole or not at all."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from core import loader
from core.app import build_app
from core.chain import compose, compose_lister
from core.config import Settings
from core.connection import Connection
from core.coverage import check_coverage
from core.errors import Forbidden, GatewayError, PluginFailed, Unauthenticated
from core.handlers import failed
from core.inference import Inference
from core.lifespans import Lifespan, acquire_all, release_all
from core.listen import admin_address
from core.listing import Lister, Listing, Models
from core.measures import Measure
from core.messages import Handler
from core.ollama import Ollama
from core.principal import UNCLAIMED, Principal
from core.trust import Trust, is_loopback, trust_of

if TYPE_CHECKING:
    from core.api.exchange import Exchange
    from core.gateway import Gateway

log = structlog.get_logger("generation")

_T = TypeVar("_T")

HEALTH_TIMEOUT = 5.0
"""Seconds that a plugin's health report may take."""

Authenticate = Callable[[Connection], Awaitable[Principal | None]]
Health = Callable[[], Awaitable[dict[str, Any] | None]]


@dataclass(eq=False, slots=True)
class Generation:
    """A request runs from its first to its last byte on the generation that it began on."""

    number: int
    settings: Settings
    plugins: Sequence[loader.Plugin]
    ollama: Ollama
    trust: Trust
    lifespans: dict[str, Lifespan]
    """By plugin name; shared with the generations before and after, where a plugin lives on."""
    handler: Handler
    list_models: Lister
    authenticators: Sequence[tuple[str, Authenticate]]
    health_checks: Sequence[tuple[str, Health]]
    measurers: Sequence[tuple[str, Callable[[], Iterable[Measure]]]]
    observers: Sequence[tuple[str, Callable[[Inference], None]]]
    """Who looks at calls that have ended."""
    app: Any = None
    """The ASGI application, with what plugins put around it."""
    routers: Sequence[Any] = ()
    """The plugins' own routes."""
    paths: frozenset[str] = frozenset()
    """The templates of all paths that are served."""
    exchanges: set["Exchange"] = field(default_factory=set)
    """Exchanges past their body, which end when the router shuts down."""
    _found: dict[type, Any] = field(default_factory=dict)
    """Plugins by the class that was asked for."""
    _running: int = 0
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    def find(self, kind: type[_T]) -> _T | None:
        """Return the first plugin of this class, if there is one.

        Classes are told apart by their names: code that has changed makes another one, of which
        plugins that live on do not know.
        """
        if kind not in self._found:
            instances = (plugin.instance for plugin in self.plugins)
            fitting = (each for each in instances if _name(kind) in map(_name, type(each).__mro__))
            self._found[kind] = next(fitting, None)
        found: _T | None = self._found[kind]
        return found

    def measures(self) -> Iterator[Measure]:
        """Yield the plugins' own figures; one that crashes is left out."""
        for name, measure in self.measurers:
            try:
                yield from measure()
            except Exception:
                log.exception("plugin crashed, its figures are left out", plugin=name)

    def ended(self, inference: Inference) -> None:
        """Show the plugins a call that has ended."""
        for name, look in self.observers:
            try:
                look(inference)
            except Exception:
                log.exception("plugin crashed, a call ends unseen by it", plugin=name)

    async def start(self) -> None:
        """Start what is not running yet; on a failure nothing half-started is left."""
        await acquire_all(list(self.lifespans.values()))

    async def close(self) -> None:
        """Wait for the last request, then stop what no other generation uses."""
        await self.idle()
        await release_all(list(self.lifespans.values()))

    async def idle(self) -> None:
        """Wait until no request runs on this generation."""
        while self._running:
            self._idle.clear()
            await self._idle.wait()

    def enter(self) -> None:
        """Count a request in."""
        self._running += 1

    def leave(self) -> None:
        """Count a request out."""
        self._running -= 1
        if not self._running:
            self._idle.set()

    @property
    def running(self) -> int:
        """The number of requests that run on this generation."""
        return self._running

    async def authenticate(self, connection: Connection) -> Principal:
        """Ask the plugins who is calling; raise `Unauthenticated` when none knows.

        The first that knows the caller wins. While all say that they know nobody at all yet, the
        caller is anonymous.
        """
        unclaimed = 0
        for name, authenticate in self.authenticators:
            try:
                principal = await authenticate(connection)
            except GatewayError:
                raise
            except Exception as error:
                log.exception("plugin crashed, request refused", plugin=name)
                raise PluginFailed(name) from error
            if principal is None:
                continue
            if principal is not UNCLAIMED:
                return principal
            unclaimed += 1
        if unclaimed == len(self.authenticators):
            if self.authenticators and not connection.is_loopback:
                raise Unauthenticated("no key is set up yet: only the machine itself may call")
            return connection.anonymous()
        if connection.credential() is not None:
            raise Unauthenticated("this key is not known here: check it, or ask for a new one")
        raise Unauthenticated(
            "send a key: 'authorization: Bearer KEY', as api_key in OpenAI's clients"
        )

    async def authorise(self, connection: Connection, scope: str | None) -> Principal:
        """Return who is calling, if they hold `scope`; `None` is for whoever is known.

        The connection's `scope["user"]` says it to all that stands around this. Raises
        `Unauthenticated` or `Forbidden`.
        """
        principal = await self.authenticate(connection)
        connection.scope["user"] = principal
        if scope is not None and not principal.may(scope):
            raise Forbidden(f"this needs the scope '{scope}': ask for a key that has it")
        return principal

    async def health(self) -> tuple[bool, dict[str, Any]]:
        """Return whether all plugins are ready, and what each reports."""
        ready, reports = True, {}
        for name, check in self.health_checks:
            try:
                async with asyncio.timeout(HEALTH_TIMEOUT):
                    reports[name] = await check() or {}
            except Exception as error:
                ready = False
                reports[name] = {"error": type(error).__name__}
                log.warning("plugin is not ready", plugin=name, error=str(error))
        return ready, reports


def build(
    gateway: "Gateway", settings: Settings, number: int, before: Generation | None
) -> Generation:
    """Build a generation from checked settings; it is not started yet.

    Imports plugins and builds routes, so call it off the event loop. Raises `SettingsError`.
    """
    plugins = loader.load(settings, before.plugins if before else ())
    manager = loader.register(settings, plugins)
    check_coverage(settings, plugins)
    by_name = {plugin.name: plugin for plugin in plugins}
    ollama = _ollama(settings, before)

    # What lives on keeps its lifespan, which runs already.
    living: dict[object, Lifespan] = {}
    if before is not None:
        living[before.ollama] = before.lifespans["ollama"]
        living |= {plugin: before.lifespans[plugin.name] for plugin in before.plugins}
    lifespans = {"ollama": living.get(ollama) or Lifespan("ollama", ollama.lifespan)}
    enters = dict(loader.implementations(manager, "lifespan"))
    for plugin in plugins:
        enter = enters.get(plugin.name)
        start = (lambda enter=enter: enter(gateway)) if enter else None
        lifespans[plugin.name] = living.get(plugin) or Lifespan(plugin.name, start)

    watch = loader.implementations(manager, "watch_attempt")
    watchers = (gateway.watch_attempt, *(watcher for _, watcher in watch))
    authenticators = loader.implementations(manager, "authenticate")
    _check_door(settings, authenticators)
    generation = Generation(
        number=number,
        settings=settings,
        plugins=plugins,
        ollama=ollama,
        trust=trust_of(settings),
        lifespans=lifespans,
        handler=compose(
            loader.implementations(manager, "around_inference"),
            by_name,
            partial(ollama.infer, watchers=watchers),
            settings.chain.plugin_timeout,
            loader.implementations(manager, "before_inference"),
            loader.implementations(manager, "around_plugin"),
        ),
        list_models=compose_lister(
            loader.implementations(manager, "around_models"), by_name, _lister(ollama)
        ),
        authenticators=authenticators,
        health_checks=loader.implementations(manager, "health"),
        measurers=loader.implementations(manager, "measures"),
        observers=loader.implementations(manager, "after_inference"),
    )
    routes = [
        (name, _routes(name, make, gateway))
        for name, make in loader.implementations(manager, "route_handlers")
    ]
    wraps = loader.implementations(manager, "around_app")
    generation.app = build_app(generation, gateway, routes, wraps, by_name)
    return generation


def _name(kind: type) -> tuple[str, str]:
    return kind.__module__, kind.__qualname__


def _lister(ollama: Ollama) -> Lister:
    async def installed(listing: Listing) -> Models:
        return await ollama.models.installed()

    return installed


def _ollama(settings: Settings, before: Generation | None) -> Ollama:
    if before is not None and before.settings.ollama == settings.ollama:
        return before.ollama
    root = Path(__file__).resolve().parent.parent
    documents = [root / "README.md", *sorted((root / "docs").glob("*.md"))]
    return Ollama(settings.ollama, documents)


def _routes(name: str, make: Callable[..., Any], gateway: "Gateway") -> list[Any]:
    try:
        return list(make(gateway))
    except Exception as error:
        raise failed("route_handlers", name, error) from error


def _check_door(settings: Settings, authenticators: Sequence[Any]) -> None:
    server = settings.server
    admin = admin_address(settings)
    if authenticators or server.allow_anonymous:
        return
    hosts = {"host": server.host}
    if admin is not None and admin.path is None:
        hosts["admin"] = admin.host
    for key, host in hosts.items():
        if not is_loopback(host):
            raise settings.document.error(
                ("server",),
                key,
                f"'{host}' can be reached from other machines, and no authentication plugin is "
                'on: add "auth" to [chain] plugins, or set allow_anonymous = true',
            )
