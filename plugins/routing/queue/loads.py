"""Loads that outlive whoever asked for them: Ollama ends a load whose caller leaves.

One task loads a model on a host for all who wait for it. Ollama loads one model at a time, so here
too the loads of a host stand in a queue, in the order in which they were wanted.
"""

import asyncio
import math
from collections.abc import Callable, Coroutine, Iterator
from contextvars import Context
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from localai import Unavailable
from plugins.routing.queue.turn import Turn

Key = tuple[str, str, int | None]
"""Host, model, and its context: with another context a model is loaded anew."""


@dataclass(slots=True, eq=False)
class Load:
    """A model that is being loaded, or will be."""

    url: str
    name: str
    expected: float
    """Seconds that it takes."""
    wanted_at: float
    began: float | None = None
    turns: set[Turn] = field(default_factory=set)
    task: asyncio.Task[None] | None = None

    def left(self, now: float) -> float:
        """Return the seconds until it is done; one that is late, a little."""
        if self.began is None:
            return self.expected
        return max(self.expected - (now - self.began), 0.1 * self.expected)


class Loads:
    """All loads that run or stand in a queue."""

    def __init__(self) -> None:
        self._loads: dict[Key, Load] = {}
        self._hosts: dict[str, asyncio.Lock] = {}

    def __len__(self) -> int:
        return len(self._loads)

    def __iter__(self) -> Iterator[Load]:
        return iter(tuple(self._loads.values()))

    async def ensure(
        self, turn: Turn, key: Key, expected: float, work: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        """Wait until a model is loaded, by `work` unless somebody else has begun with that.

        Raises what the load has failed with.
        """
        load = self._loads.get(key)
        if load is None:
            load = self._begin(key, expected, work)
        load.turns.add(turn)
        self._tell(load, monotonic())
        assert load.task is not None
        try:
            await asyncio.shield(load.task)
        except asyncio.CancelledError:
            if load.task.cancelled() and not _leaves():
                raise Unavailable("the router shuts down: try again", retry_after=5) from None
            raise
        finally:
            load.turns.discard(turn)

    def ahead(self, url: str, name: str, now: float) -> float:
        """Return the seconds that a load would wait for others on its host, or for itself."""
        if not self._loads:
            return 0.0
        seconds = 0.0
        for load in self._loads.values():
            if load.url == url:
                if load.name == name:
                    return seconds
                seconds += load.left(now)
        return seconds

    def eta(self, load: Load, now: float) -> float:
        """Return the seconds until a load is done."""
        return self.ahead(load.url, load.name, now) + load.left(now)

    def tell(self, now: float) -> None:
        """Tell everybody who waits for a load how it stands."""
        for load in self:
            self._tell(load, now)

    async def stop(self) -> None:
        """End all."""
        tasks = [load.task for load in self if load.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(
        self, key: Key, expected: float, work: Callable[[], Coroutine[Any, Any, None]]
    ) -> Load:
        loop = asyncio.get_running_loop()
        load = self._loads[key] = Load(key[0], key[1], expected, monotonic())
        # Nothing of the request that happens to be the first: neither its log nor its watch.
        load.task = loop.create_task(
            self._run(key, load, work), name=f"load {key[1]}", context=Context()
        )
        load.task.add_done_callback(_seen)
        return load

    async def _run(
        self, key: Key, load: Load, work: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        try:
            async with self._hosts.setdefault(load.url, asyncio.Lock()):
                load.began = monotonic()
                await work()
        finally:
            del self._loads[key]

    def _tell(self, load: Load, now: float) -> None:
        eta = self.eta(load, now)
        name = load.name.encode("ascii", "replace").decode()
        for turn in load.turns:
            turn.tell(f"loading={name}, eta={math.ceil(eta)}")
            # Whoever waits for its slot waits for its load too.
            turn.began = now + eta


def _leaves() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _seen(task: asyncio.Task[None]) -> None:
    """Take note of a failure that nobody waits for any more."""
    if not task.cancelled():
        task.exception()
