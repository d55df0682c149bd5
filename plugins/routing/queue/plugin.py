"""The queue in front of each model: slots, a fair order, loads, and the host. Fails closed."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from time import monotonic
from typing import Annotated, Any

import structlog
from msgspec import Meta, Struct

from localai import (
    Call,
    Chunk,
    Chunks,
    Duration,
    Gateway,
    Handler,
    Measure,
    SettingsError,
    WaitingLine,
    hookimpl,
)
from plugins.routing.catalogue.keep_alive import keep_seconds
from plugins.routing.catalogue.model import Model
from plugins.routing.estimate.terms import Outlook
from plugins.routing.hosts.attempt import Attempt
from plugins.routing.queue.callers import Callers
from plugins.routing.queue.desk import Bounds, Desk
from plugins.routing.queue.figures import Figures
from plugins.routing.queue.keeping import Keeping
from plugins.routing.queue.line import Line
from plugins.routing.queue.loader import Loader
from plugins.routing.queue.loads import Loads
from plugins.routing.queue.members import Family, Members, is_loaded
from plugins.routing.queue.outlooks import Outlooks
from plugins.routing.queue.routes import report, routes
from plugins.routing.queue.slots import MOST
from plugins.routing.queue.turn import HEADER, Turn

log = structlog.get_logger("queue")

WAITED = 0.05
"""Seconds from which on a load counts as a wait that is told."""


class Queue(WaitingLine):
    """Lets as many requests through to each model as it has slots for, and chooses their host."""

    fail_mode = "closed"
    needs = ("routing.hosts", "routing.catalogue", "routing.estimate")
    waits = True

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.routing.queue]."""

        slots: Annotated[int, Meta(ge=1, le=MOST)] = 1
        """Answers at a time of one model: OLLAMA_NUM_PARALLEL of your Ollama, never more."""
        host_slots: dict[str, Annotated[int, Meta(ge=1, le=MOST)]] = {}
        """The same for single hosts, as in [ollama] hosts: { "http://box:11434" = 4 }."""
        max_waiting: Annotated[int, Meta(ge=0, le=10_000)] = 256
        """Most requests that wait for one model; more are refused with 503."""
        max_waiting_per_key: Annotated[int, Meta(ge=1, le=10_000)] = 128
        """Most of them that are of one key."""
        max_waiting_total: Annotated[int, Meta(ge=0, le=10_000)] = 10_000
        """Most requests that wait for all models."""
        max_wait: Duration = Duration(120)
        """Longest wait; who would wait for longer is refused at once."""
        max_wait_batch: Duration = Duration(3600)
        """Longest wait of batches."""
        batch_share: Annotated[float, Meta(ge=0.01, le=0.5)] = 0.1
        """What batches get while people wait, as a share of the time."""
        batch: tuple[str, ...] = ()
        """Tenants, or ids of keys, whose requests are batches."""
        weights: dict[str, Annotated[float, Meta(gt=0, le=1000)]] = {}
        """Shares by tenant or id of a key, while several wait: { "team" = 2 }; others have 1."""
        keep_alive: str = "auto"
        """How long models stay in memory: "auto" by their use, or a time; "": as Ollama does."""
        keep_least: Duration = Duration(300)
        """Shortest time of "auto"."""
        keep_most: Duration = Duration(7200)
        """Longest time of "auto"."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._callers = Callers(config.weights, config.batch)
        self._keep: float | None = None
        self._leaves_alone = not config.keep_alive
        if config.keep_alive not in ("auto", ""):
            try:
                self._keep = keep_seconds(config.keep_alive)
            except ValueError as error:
                raise SettingsError(f'keep_alive must be "auto" or a time: {error}') from None
        self._keeping = Keeping(config.keep_least, max(config.keep_least, config.keep_most))
        self._figures = Figures()
        self._loads = Loads()
        self._outlooks: Outlooks
        self._desk: Desk
        self._loader: Loader

    # ---- for other plugins

    def outlook(self, host: str, model: str) -> Outlook:
        """Return how busy a model is on a host just now."""
        family = self._desk.members.family()
        found = family.catalogue.find(model) if family is not None else None
        if family is None or found is None:
            return Outlook(slots=MOST)
        return self._outlooks.outlook(host, found, family)

    @property
    def is_idle(self) -> bool:
        """Whether no model is at work or on its way into memory, on any host."""
        return self._outlooks.is_idle

    def coming(self) -> set[tuple[str, str]]:
        """Return the (host, model) that are being loaded, or will be."""
        return {(load.url, load.name) for load in self._outlooks.loads}

    def waiting(self) -> Sequence[dict[str, Any]]:
        """Return the line of each model that is busy."""
        models: list[dict[str, Any]] = report(self._desk)["models"]
        return models

    def count_waiting(self) -> int:
        """Return how many requests wait, at no cost."""
        return self._outlooks.waiting

    # ---- hooks

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, gateway: Gateway) -> AsyncIterator[None]:
        """Watch what waits; go on with what the plugin of the last settings has."""
        config = self._config
        members = Members(gateway, config.slots, _hosts(config.host_slots))
        bounds = Bounds(
            waiting=config.max_waiting,
            each=config.max_waiting_per_key,
            total=config.max_waiting_total,
            wait=config.max_wait,
            batch_wait=max(config.max_wait_batch, config.max_wait),
        )
        before = gateway.find(Queue)
        self._outlooks = Outlooks(members, self._loads, config.batch_share)
        if before is not None:
            self._adopt(before)
        self._desk = Desk(bounds, self._outlooks, self._figures)
        self._loader = Loader(members, self._desk, self._keeping, self._figures)
        ticking = asyncio.create_task(self._desk.tick_on(), name="queue")
        try:
            yield
        finally:
            ticking.cancel()
            await asyncio.gather(ticking, return_exceptions=True)
            await self._loads.stop()

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        """Give each call a slot on a host that has its model in memory, in its turn."""

        async def queued(call: Call) -> Chunks:
            family = self._desk.members.family()
            model = self._find(call, family)
            if model is None and family is not None and not family.catalogue.models:
                await family.catalogue.ready()
                model = self._find(call, family)
            if family is None or (model is not None and call.loads_only):
                async with aclosing(self._empty(call, model, family, next)) as chunks:
                    async for chunk in chunks:
                        yield chunk
                return
            line = self._outlooks.line(model.name if model is not None else "")
            turn = self._callers.turn(call)
            if (wait := self._desk.admit(line, turn, model, family)) is not None:
                await wait
            attempt: Attempt | None = None
            whole = False
            try:
                if model is not None:
                    assert turn.url
                    attempt = self._begin(turn, model, family)
                    if not is_loaded(turn.url, call, family.catalogue):
                        await self._loader.load(turn, model, family, next)
                        line.server(turn.url).begin(turn, monotonic())
                call = self._ready(turn, model, family)
                async with aclosing(next(call)) as chunks:
                    async for chunk in chunks:
                        if chunk.done:
                            whole = True
                            self._ended(line, turn, call, chunk, model, family, attempt)
                        yield chunk
            except Exception as error:
                if attempt is not None and not whole:
                    attempt.failed(error)
                raise
            finally:
                if attempt is not None:
                    attempt.dropped()
                self._desk.release(line, turn, whole=whole)

        return queued

    @hookimpl
    def measures(self) -> Iterable[Measure]:
        """Return how many wait and run, how long they waited, and who was refused."""
        return self._figures.measures(self._outlooks.lines.values())

    @hookimpl
    def route_handlers(self, gateway: Gateway) -> Sequence[Any]:
        """Serve what waits and runs."""
        return routes(lambda: self._desk)

    # ---- inside

    @staticmethod
    def _find(call: Call, family: Family | None) -> Model | None:
        """Return the catalogue's model; none where a plugin has chosen the host already."""
        return None if family is None or call.host else family.catalogue.find(call.model)

    async def _empty(
        self, call: Call, model: Model | None, family: Family | None, next: Handler
    ) -> Chunks:
        """Answer a call that only loads or unloads a model; that takes no slot."""
        if family is not None and model is not None:
            if _unloads(call):
                call = call.replace(host=await self._loader.unload(call, model, family, next))
            else:
                turn = self._callers.turn(call)
                (turn.url, *_) = self._desk.urls(turn, model, family)
                await self._loader.load(turn, model, family, next)
                call = self._ready(turn, model, family)
        async with aclosing(next(call)) as chunks:
            async for chunk in chunks:
                if chunk.done and model is not None and family is not None:
                    if _unloads(call):
                        family.catalogue.gone(call.host, model.name)
                    else:
                        _note(call, model, family)
                yield chunk

    def _begin(self, turn: Turn, model: Model, family: Family) -> Attempt:
        hosts = family.hosts.all
        host = next((each for each in hosts if each.url == turn.url), None)
        if host is None:  # the settings of now do not have it any more
            raise self._desk.members.closed(model, family.hosts)
        if len(hosts) > 1:
            turn.call.headers["x-localai-host"] = host.label
        return family.hosts.begin(host, model.name)

    def _ready(self, turn: Turn, model: Model | None, family: Family) -> Call:
        """Return the call as it is sent, and say for how long it waited."""
        now = monotonic()
        call, waited = turn.call, now - turn.came
        call.work.waited += waited
        if turn.granted is not None or waited >= WAITED:
            turn.tell(f"waited={waited:.1f}")
        else:
            call.headers.pop(HEADER, None)
        if model is None:
            return call
        assert turn.url
        return call.replace(host=turn.url, keep_alive=self._keep_alive(call, model, now))

    def _keep_alive(self, call: Call, model: Model, now: float) -> float | str | None:
        """Return how long the model stays: the caller's own time counts where it is shorter."""
        policy = self._keeping.used(model.name, model.facts.size, now)
        if self._leaves_alone:
            return call.keep_alive
        if self._keep is not None:
            policy = self._keep
        own = call.keep_alive
        if own is not None:
            try:
                if keep_seconds(own) <= policy or call.principal.may("admin:models"):
                    return own
            except ValueError:
                return own  # Ollama says what is wrong with it
        return -1 if policy == float("inf") else policy

    def _ended(
        self,
        line: Line,
        turn: Turn,
        call: Call,
        last: Chunk,
        model: Model | None,
        family: Family,
        attempt: Attempt | None,
    ) -> None:
        """Learn from a whole answer, and give its slot to the next before its end is told."""
        url = turn.url
        if url and model is not None and attempt is not None:
            attempt.succeeded()
            host = attempt.host
            now = monotonic()
            streams = line.server(url).streams(turn, now)
            facts = model.hosts.get(url, model.facts)
            others = self._outlooks.others(url, model.name)
            family.estimator.observe(url, facts, last, streams, others)
            family.hosts.remember(call, host)
            _note(call, model, family)
        self._desk.release(line, turn, whole=True)

    def _adopt(self, before: "Queue") -> None:
        """Go on with the queues of another plugin: those who wait there hold their places."""
        self._outlooks.adopt(before._outlooks)
        self._keeping.adopt(before._keeping)
        self._figures = before._figures


def _unloads(call: Call) -> bool:
    """Say whether a call only has its model leave."""
    if not call.loads_only or call.keep_alive is None:
        return False
    try:
        return keep_seconds(call.keep_alive) == 0
    except ValueError:
        return False  # Ollama says what is wrong with it


def _note(call: Call, model: Model, family: Family) -> None:
    """Note that a model is in memory, as a call had it."""
    context = call.options.num_ctx or 0
    family.catalogue.note(call.host, model.name, num_ctx=context, keep_alive=call.keep_alive)


def _hosts(given: dict[str, int]) -> dict[str, int]:
    return {url.rstrip("/"): slots for url, slots in given.items()}
