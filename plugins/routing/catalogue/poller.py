"""Asking one host what it has and what is in its memory."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

import structlog

from localai import GatewayError, UpstreamUnreachable
from plugins.routing.catalogue.described import Described, described_by
from plugins.routing.catalogue.memory import Memory
from plugins.routing.catalogue.model import Facts
from plugins.routing.catalogue.reading import model_key, read_ps, read_show, read_tags, with_shown

log = structlog.get_logger("catalogue")

LOOK_TIMEOUT = 5.0
"""Seconds that a host may take for one answer about itself."""
SHOWS = 4
"""Descriptions that a host is asked for at a time."""
SHOW_DEADLINE = 60.0
"""Seconds after which the rest is left to the next look."""
PUBLISH = 1.0
"""Seconds after which what came meanwhile is published, while one answer is slow."""


class Ask(Protocol):
    """How a host is asked; raises `GatewayError`."""

    def __call__(
        self, host: str, path: str, body: object = None, timeout: float = ...
    ) -> Awaitable[Any]:
        """Return the decoded answer."""


class Poller:
    """One host as it was seen last. Looks that are wanted at the same time are one."""

    def __init__(
        self, url: str, ask: Ask, described: Described, changed: Callable[[], None], busy: float
    ) -> None:
        self.url = url
        self.memory = Memory()
        self.looked_at = -math.inf
        """When it last gave its list; monotonic."""
        self.error = ""
        """Why it did not give it, if it did not the last time."""
        self._ask = ask
        self._described = described
        self._changed = changed
        self._busy = busy
        self._listed: Sequence[Facts] = ()
        self._wrong = 0
        self._complaints: set[str] = set()
        self._running: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    @property
    def keys(self) -> list[str]:
        """The keys of the descriptions of what it lists."""
        return [described_by(self.url, facts) for facts in self._listed]

    def facts(self) -> dict[str, Facts]:
        """Return its models by `model_key`, with what is known of each."""
        return {
            model_key(facts.name): with_shown(facts, self._described.get(key))
            for facts, key in zip(self._listed, self.keys, strict=True)
        }

    def adopt(self, other: "Poller") -> None:
        """Begin with what another one has seen of the same host."""
        self._listed, self.memory = other._listed, other.memory
        self.looked_at, self.error = other.looked_at, other.error

    async def refresh(self) -> None:
        """Look, beginning after this call: a look that has begun may have missed what is new."""
        if self._next is None:
            self._next = asyncio.create_task(self._after(self._running), name="look at a host")
        look = self._next
        await asyncio.wait([look])
        if not look.cancelled():  # by `stop`
            look.result()

    async def stop(self) -> None:
        """End what runs."""
        tasks = [task for task in (self._running, self._next) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _after(self, running: asyncio.Task[None] | None) -> None:
        if running is not None:
            await asyncio.wait([running])
        self._running, self._next = self._next, None
        try:
            await self._look()
        finally:
            self._running = None

    async def _look(self) -> None:
        began = time.monotonic()
        try:
            listed, wrong = read_tags(await self._ask(self.url, "/api/tags", timeout=LOOK_TIMEOUT))
        except GatewayError as error:
            self._failed(error)
            return
        if wrong and wrong != self._wrong:
            log.warning("a host lists what is no model", host=self._place, entries=wrong)
        self._wrong = wrong
        self._complaints.discard("/api/tags")
        self._listed, self.error, self.looked_at = listed, "", began
        await self._look_at_memory(began)
        self._changed()
        await self._describe()

    async def _look_at_memory(self, began: float) -> None:
        try:
            answer = await self._ask(self.url, "/api/ps", timeout=LOOK_TIMEOUT)
        except GatewayError as error:
            self.memory.clear()
            self._complain("/api/ps", error)
        else:
            self.memory.said(read_ps(answer, time.time(), self._busy), began)
            self._complaints.discard("/api/ps")

    async def _describe(self) -> None:
        """Ask for the descriptions that are new."""
        new = {described_by(self.url, facts): facts.name for facts in self._listed}
        wanted = [(key, name) for key, name in new.items() if self._described.begin(key)]
        if not wanted:
            return
        turns = asyncio.Semaphore(SHOWS)
        tasks = {asyncio.create_task(self._show(turns, key, name)) for key, name in wanted}
        try:
            async with asyncio.timeout(SHOW_DEADLINE):
                pending = tasks
                while pending:
                    _, pending = await asyncio.wait(pending, timeout=PUBLISH)
                    self._changed()
            if all(self._described.get(key) for key, _ in wanted):
                self._complaints.discard("/api/show")
        except TimeoutError:
            pass
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for key, _ in wanted:  # those that did not begin
                self._described.end(key, None)

    async def _show(self, turns: asyncio.Semaphore, key: str, name: str) -> None:
        async with turns:
            try:
                body = {"model": name}
                answer = await self._ask(self.url, "/api/show", body, timeout=LOOK_TIMEOUT)
            except GatewayError as error:
                self._complain("/api/show", error, model=name)
                return
        # Some describe a thousand tensors.
        self._described.end(key, await asyncio.to_thread(read_show, answer))

    def _failed(self, error: GatewayError) -> None:
        self.memory.clear()
        self._complain("/api/tags", error)
        self.error = error.message
        self._changed()

    def _complain(self, path: str, error: GatewayError, **more: str) -> None:
        """Log a failure once; that a host can't be reached `routing.hosts` says."""
        if path not in self._complaints and not isinstance(error, UpstreamUnreachable):
            self._complaints.add(path)
            log.warning(
                "a host does not answer", host=self._place, path=path, why=error.message, **more
            )

    @property
    def _place(self) -> str:
        return urlsplit(self.url).netloc.rpartition("@")[2]
