"""Counters and histograms for Prometheus at `/metrics`. Fails open."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import structlog
from litestar import Response, get
from msgspec import Meta, Struct

from localai import Gateway, Inference, Measure, SettingsError, Unavailable, hookimpl
from plugins.metrics.models import ModelNames
from plugins.metrics.prometheus.calls import Calls
from plugins.metrics.prometheus.collection import Collection
from plugins.metrics.prometheus.figures import Family, copies
from plugins.metrics.prometheus.lag import Lag
from plugins.metrics.prometheus.requests import Requests
from plugins.metrics.prometheus.router import Process, Reloads, gauges
from plugins.metrics.prometheus.shared import EVERY, Folder
from plugins.metrics.prometheus.text import CONTENT_TYPE, text_of

log = structlog.get_logger("prometheus")

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable by which all Python clients share figures."""


class Prometheus:
    """Measures requests, answers, the Ollamas and the router. Label sets are bounded."""

    fail_mode = "open"

    class Config(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
        """Settings of [plugins.metrics.prometheus]."""

        public: bool = False
        """Serve /metrics to everybody; else it needs the scope metrics:read."""
        max_models: Annotated[int, Meta(ge=1, le=1000)] = 100
        """Most models that get a label of their own."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._calls = Calls(ModelNames(config.max_models))
        self._requests = Requests(lambda: self._calls.refused("door"))
        self._lag = Lag()
        self._reloads = Reloads()
        self._process = Process()
        self._gateway: Gateway | None = None
        path = os.environ.get(FOLDER)
        self._folder = Folder(Path(path)) if path else None

    @hookimpl
    def around_app(self, app: Any) -> Any:
        """Count every HTTP request, 404 and 405 too."""
        return self._requests.around(app)

    @hookimpl
    def after_inference(self, inference: Inference) -> None:
        """Count a call, over HTTP or not, and what the Ollamas did for it."""
        self._calls.count(inference)

    @hookimpl
    def measures(self) -> Iterator[Measure]:
        """Return the counters, and how the router is, for pages too."""
        for family in self._own():
            if family.kind != "histogram":
                yield family.measure()
        if self._gateway is not None:
            for family in gauges(self._gateway):
                yield family.measure()

    @hookimpl
    def route_handlers(self, gateway: Gateway) -> Sequence[Any]:
        """Serve the figures."""
        opt = {"public": True} if self._config.public else {"scope": "metrics:read"}

        @get("/metrics", opt=opt, media_type=CONTENT_TYPE, tags=["Router"])
        async def metrics() -> Response[bytes]:
            """Return all figures in Prometheus' text format."""
            families: Iterable[Family] = await self._collected(gateway)
            if self._folder is not None:
                try:
                    families = await asyncio.to_thread(self._folder.merged, families)
                except OSError as error:
                    # Without the others all counters would seem to begin anew.
                    log.warning("figures can't be shared", folder=FOLDER, error=str(error))
                    raise Unavailable(
                        "the other routers' figures can't be read: see the log"
                    ) from error
            return Response(await text_of(families), media_type=CONTENT_TYPE)

        return [metrics]

    @hookimpl
    @asynccontextmanager
    async def lifespan(self, gateway: Gateway) -> AsyncIterator[None]:
        """Watch the event loop and the settings; share figures if the environment says so."""
        self._gateway = gateway
        if self._folder is not None:
            try:
                await asyncio.to_thread(self._folder.open)
            except OSError as error:
                raise SettingsError(f"the folder in {FOLDER} can't be used: {error}") from error
        watches = [self._lag.look(), self._reloads.look(gateway)]
        if self._folder is not None:
            watches.append(self._publish(gateway, self._folder))
        tasks = [asyncio.create_task(watch, name="prometheus") for watch in watches]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._folder is not None:
                await self._leave(gateway, self._folder)

    async def _publish(self, gateway: Gateway, folder: Folder) -> None:
        await gateway.started()
        while True:
            await asyncio.sleep(EVERY)
            try:
                figures = copies(await self._collected(gateway))
                await asyncio.to_thread(folder.publish, figures)
            except OSError as error:
                log.warning("figures can't be shared", folder=FOLDER, error=str(error))

    async def _leave(self, gateway: Gateway, folder: Folder) -> None:
        try:
            figures = copies(await self._collected(gateway))
            await asyncio.to_thread(folder.publish, figures)
        except OSError as error:
            log.warning("the last figures can't be shared", folder=FOLDER, error=str(error))
        finally:
            folder.close()

    async def _collected(self, gateway: Gateway) -> Collection:
        """Return all figures of this process; others have their turns meanwhile."""
        collection = Collection()
        if gateway.find(Prometheus) in (self, None):
            # One of earlier settings leaves those of other plugins to the one of now.
            await collection.add_measures(gateway.measures())
        for family in (*self._own(), *await self._process.families()):
            collection.add(family)
        return collection

    def _own(self) -> Iterator[Family]:
        yield from self._calls.families()
        yield from self._requests.families()
        yield self._lag.family
        yield self._reloads.family


async def _merged(folder: Folder, families: Sequence[Family]) -> list[Family]:
    try:
        return await asyncio.to_thread(folder.merged, families)
    except OSError as error:
        log.warning("figures can't be shared", folder=FOLDER, error=str(error))
        # Without the others' all counters would seem to begin anew.
        raise Unavailable("other routers' figures can't be read: the log says why") from error
