"""Looks once a second, and shows all viewers the same."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import structlog

from localai import Gateway, Unavailable
from plugins.metrics.dashboard.history import INTERVAL
from plugins.metrics.dashboard.loaded import Loaded
from plugins.metrics.dashboard.snapshot import lines, snapshot, without_callers
from plugins.metrics.dashboard.state import State
from plugins.metrics.dashboard.switches import listed
from plugins.metrics.dashboard.viewer import Viewer

log = structlog.get_logger("dashboard")

REVISED_EVERY = 5.0
"""Seconds between two histories to the same viewers."""


class Hub:
    """Makes one snapshot a second while somebody watches, and encodes it once."""

    def __init__(self, gateway: Gateway, state: State, most: int) -> None:
        self._gateway = gateway
        self._state = state
        self._most = most
        self._viewers: set[Viewer] = set()
        self._loaded = Loaded(gateway)
        self._plugins = b""
        self._listed = 0
        """The generation that `_plugins` are of."""
        self._revised = 0.0

    @property
    def viewers(self) -> int:
        """How many watch."""
        return len(self._viewers)

    @contextmanager
    def joined(self, generation: int, *, sees_callers: bool) -> Iterator[Viewer]:
        """Be a viewer; raise `Unavailable` when there are too many.

        `generation` is that on which their request runs.
        """
        if len(self._viewers) >= self._most:
            raise Unavailable(
                f"{self._most} pages are open already: close one, or raise "
                "[plugins.metrics.dashboard] viewers",
                retry_after=10,
            )
        viewer = Viewer(generation, sees_callers=sees_callers)
        viewer.show(b"", self._history())
        viewer.revision = self._state.history.revision
        self._viewers.add(viewer)
        try:
            yield viewer
        finally:
            self._viewers.discard(viewer)

    async def run(self) -> None:
        """Look each second, until cancelled."""
        await self._gateway.started()
        loop = asyncio.get_running_loop()
        due = loop.time()
        try:
            while True:
                try:
                    await self._look()
                except Exception:
                    log.exception("the page can't be shown what is going on now")
                due = max(due + INTERVAL, loop.time())
                await asyncio.sleep(due - loop.time())
        finally:
            for viewer in self._viewers:
                viewer.leave("reload")
            await self._loaded.stop()

    async def _look(self) -> None:
        now = time.monotonic()
        self._state.look(self._gateway, now)
        for viewer in self._viewers:
            if self._gateway.draining:
                viewer.leave("shutdown")
            elif viewer.generation != self._gateway.generation:
                viewer.leave("reload")
        if not self._viewers:
            return
        self._loaded.look(now)
        if self._listed != (generation := self._gateway.generation):
            plugins = await asyncio.to_thread(listed, self._gateway)
            self._plugins, self._listed = event("plugins", plugins), generation
        self._show(now)

    def _show(self, now: float) -> None:
        shown = snapshot(self._gateway, self._state, self._loaded)
        queue = lines(self._gateway)
        by_rights: dict[bool, bytes] = {}
        history = b""
        for viewer in self._viewers:
            sees = viewer.sees_callers
            if sees not in by_rights:
                shown["queue"] = queue if sees else without_callers(queue)
                by_rights[sees] = event("snapshot", shown)
            news = b""
            if not viewer.knows_plugins:
                viewer.knows_plugins = True
                news = self._plugins
            elif self._is_news(viewer, now):
                history = news = history or self._history()
                viewer.revision = self._state.history.revision
            viewer.show(by_rights[sees], news)
        if history:
            self._revised = now

    def _is_news(self, viewer: Viewer, now: float) -> bool:
        is_old = viewer.revision != self._state.history.revision
        return is_old and now - self._revised >= REVISED_EVERY

    def _history(self) -> bytes:
        """Return the event with all points."""
        history = self._state.history
        return event(
            "history",
            {"interval": INTERVAL, "seconds": history.seconds, "points": list(history)},
        )


def event(name: str, data: Any) -> bytes:
    """Return a server-sent event."""
    return b"event: %b\ndata: %b\n\n" % (name.encode(), msgspec.json.encode(data))
