"""A page that shows what the router does, as it does it. Fails open."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any

import structlog
from msgspec import Meta, Struct

from localai import Attempt, Duration, Gateway, Inference, SettingsError, hookimpl
from plugins.metrics.dashboard.day import keep_up
from plugins.metrics.dashboard.history import INTERVAL
from plugins.metrics.dashboard.hub import Hub
from plugins.metrics.dashboard.state import State

if TYPE_CHECKING:
    from plugins.metrics.dashboard.stream import EventStream
    from plugins.metrics.dashboard.switch import Switch

log = structlog.get_logger("dashboard")

LEAST_HISTORY, MOST_HISTORY = 60.0, 3600.0


class Dashboard:
    """Serves the page at /ui: tokens, queue, models, energy, cost, errors, and switches."""

    fail_mode = "open"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.metrics.dashboard]."""

        history: Duration = Duration(300)
        """What the plots show when the page is opened, 1m to 1h; a second takes 200 bytes."""
        viewers: Annotated[int, Meta(ge=1, le=1000)] = 32
        """Most pages that are open at a time."""

    def __init__(self, config: Config) -> None:
        if not LEAST_HISTORY <= config.history <= MOST_HISTORY:
            raise SettingsError("history: expected 1m to 1h")
        self._length = round(config.history / INTERVAL)
        self._viewers = config.viewers
        self._state = State(self._length)
        self._hub: Hub
        self._stream: EventStream
        self._switch: Switch

    @hookimpl
    def watch_attempt(self, attempt: Attempt) -> Callable[[], None]:
        """Count the tokens of an attempt."""
        return self._state.rates.watch(attempt)

    @hookimpl
    def after_inference(self, inference: Inference) -> None:
        """Count a call that has ended."""
        self._state.books.note(inference)

    @hookimpl
    def route_handlers(self, gateway: Gateway) -> Sequence[Any]:
        """Serve /ui and the switches."""
        from plugins.metrics.dashboard import routes, static

        pages = routes.page_routes(static.files())
        return [*pages, *routes.data_routes(gateway, lambda: self._stream, lambda: self._switch)]

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, gateway: Gateway) -> AsyncIterator[None]:
        """Look once a second; go on with what the plugin of the last settings has."""
        from plugins.metrics.dashboard.stream import EventStream
        from plugins.metrics.dashboard.switch import Switch

        before = gateway.find(Dashboard)
        if before is not None:
            self._state = before._state
            self._state.history.resize(self._length)
        self._hub = Hub(gateway, self._state, self._viewers)
        self._stream = EventStream(gateway, self._hub)
        self._switch = Switch(gateway)
        tasks = [asyncio.create_task(self._hub.run(), name="dashboard")]
        if before is None:
            tasks.append(asyncio.create_task(keep_up(gateway, self._state.day), name="today"))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
