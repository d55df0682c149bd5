"""Has models loaded before requests are sent to them, and makes room for them."""

from contextlib import aclosing
from functools import partial
from time import monotonic

import structlog

from localai import Call, Chunk, GatewayError, Handler, Unavailable
from plugins.routing.catalogue.model import Facts, Model
from plugins.routing.estimate import memory
from plugins.routing.queue.desk import Desk
from plugins.routing.queue.figures import Figures
from plugins.routing.queue.keeping import Keeping
from plugins.routing.queue.members import Family, Members, is_loaded, load_seconds
from plugins.routing.queue.room import Resident, must_go
from plugins.routing.queue.turn import Turn

log = structlog.get_logger("queue")

NANOSECONDS = 1e9
TRIES = 3
"""Loads that one request waits for, when others have the model loaded in another way."""


class Loader:
    """Loads by empty requests, which Ollama answers when the model is there."""

    def __init__(self, members: Members, desk: Desk, keeping: Keeping, figures: Figures) -> None:
        self._members = members
        self._desk = desk
        self._keeping = keeping
        self._figures = figures

    async def load(self, turn: Turn, model: Model, family: Family, next: Handler) -> None:
        """Wait until a turn's model is in its host's memory.

        Raises `Unavailable` for a model that does not fit, or what its load has failed with.
        """
        url, call = turn.url, turn.call
        assert url
        for _ in range(TRIES):
            if is_loaded(url, call, family.catalogue):
                return
            facts = model.hosts.get(url, model.facts)
            wanted = self._wanted(url, call, model, facts, family)
            empty = _empty(call, url)
            work = partial(self._load, empty, url, model, facts, wanted, family, next)
            self._desk.wake()
            seconds = load_seconds(family.estimator, url, facts)
            await self._desk.loads.ensure(
                turn, (url, model.name, call.options.num_ctx), seconds, work
            )

    async def unload(self, call: Call, model: Model, family: Family, next: Handler) -> str:
        """Have a model leave all hosts but the last that has it, and return that one."""
        urls = [url for url in model.hosts if family.catalogue.loaded(url, model.name)]
        for url in urls[:-1]:
            await _asked(call.replace(host=url), next)
            family.catalogue.gone(url, model.name)
        return (urls or list(model.hosts))[-1]

    async def _load(
        self,
        empty: Call,
        url: str,
        model: Model,
        facts: Facts,
        wanted: float,
        family: Family,
        next: Handler,
    ) -> None:
        if is_loaded(url, empty, family.catalogue):
            return  # with what another load left
        try:
            await self._make_room(empty, url, wanted, family, next)
            began = monotonic()
            last = await _asked(empty, next)
        except Exception:
            self._figures.loads["failed"] += 1
            raise
        self._figures.loads["ok"] += 1
        if last is not None:
            # Ollama does not say how long a load took.
            took = last.load_duration or round((monotonic() - began) * NANOSECONDS)
            family.estimator.observe(url, facts, last.replace(load_duration=took), 1)
        context = empty.options.num_ctx or 0
        family.catalogue.note(url, model.name, num_ctx=context, keep_alive=empty.keep_alive)

    def _wanted(self, url: str, call: Call, model: Model, facts: Facts, family: Family) -> float:
        """Return the bytes that a model takes; raise for one that the host has no room for."""
        slots = self._members.slots(model, url, family)
        context = call.options.num_ctx or facts.num_ctx
        wanted = memory.needed(facts, context, slots)
        total = family.catalogue.memory(url)
        if total and wanted > total:
            raise Unavailable(
                f"model '{model.name}' needs {wanted / 2**30:.1f} GiB with a context of {context} "
                f"tokens, and its host has {total / 2**30:.1f} GiB: use a smaller model or "
                "num_ctx, or correct memory in [plugins.routing.catalogue]",
                code="model_too_large",
            )
        return wanted

    async def _make_room(
        self, empty: Call, url: str, wanted: float, family: Family, next: Handler
    ) -> None:
        """Unload what is worth least, where a model would not fit beside it."""
        total = family.catalogue.memory(url)
        if not total:
            return
        now = monotonic()
        free, busy = float(total), False
        idle: dict[str, Resident] = {}
        for name, loaded in family.catalogue.all_loaded(url).items():
            found = family.catalogue.find(name)
            if found is None or found.name == empty.model:
                continue
            free -= loaded.size
            line = self._desk.outlooks.lines.get(found.name)
            if line is None or line.is_idle:
                worth = self._keeping.worth(found.name, loaded.size, now)
                idle[found.name] = Resident(loaded.size, worth)
            else:
                busy = True
        for name in must_go(wanted, free, idle, others=busy):
            log.info("a model makes room", model=name, loading=empty.model)
            away = empty.replace(
                kind="generate", model=name, keep_alive=0, options=type(empty.options)()
            )
            try:
                await _asked(away, next)
            except GatewayError as error:
                log.warning("a model did not make room", model=name, error=error.message)
            family.catalogue.gone(url, name)


def _empty(call: Call, url: str) -> Call:
    """Return a call that only loads its model, in the way in which this one wants it."""
    return call.replace(
        host=url,
        stream=True,  # the clock is that of loads
        connection=None,
        messages=(),
        tools=(),
        prompt="",
        suffix="",
        system="",
        template="",
        context=(),
        images=(),
        inputs=(),
        dimensions=None,
        format=None,
        think=None,
        logprobs=False,
        top_logprobs=0,
        keep_alive=None,
        headers={},
        decisions=[],
    )


async def _asked(call: Call, next: Handler) -> Chunk | None:
    last = None
    async with aclosing(next(call)) as chunks:
        async for chunk in chunks:
            last = chunk
    return last
