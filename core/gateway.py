"""What lives as long as the process: it owns the current generation, and swaps it."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterator
from contextlib import aclosing, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import structlog
from msgspec.structs import replace

from core import __version__
from core.api.dialects import send_error
from core.attempt import Attempt
from core.config import Settings, load
from core.database import Database
from core.errors import InternalError, SettingsError, ShuttingDown
from core.generation import Generation, build
from core.hosts import Hosts
from core.ids import new_id
from core.inference import Inference
from core.inventory import Known, inventory
from core.measures import Measure
from core.messages import Call, Chunks, Handler
from core.response import KEY as RESPONSE
from core.response import Response
from core.sources import Stamp, stamp
from core.usage import UsageLog

log = structlog.get_logger("gateway")

_T = TypeVar("_T")

_HARMLESS = re.compile(r"[A-Za-z0-9._-]{1,128}")
"""Request ids of callers that are kept: they reach logs and headers."""


class Gateway:
    """The router as its plugins see it, and the ASGI application that the server runs."""

    version = __version__
    """The router's own."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.document.path
        self._first = settings
        self.database = Database(settings)
        """Keys, users, usage; opened with its first use."""
        self.usage = UsageLog(self.database)
        """What requests used; written in batches."""
        self._current: Generation | None = None
        self._started = asyncio.Event()
        self._number = 0
        self._reloading = asyncio.Lock()
        self._alive: set[Generation] = set()
        """The current generation, and those before it that still answer requests."""
        self._closing: set[asyncio.Task[None]] = set()
        self.attempts: set[Attempt] = set()
        """The calls to Ollamas that run just now, on all generations."""
        self.draining = False
        """Whether the router shuts down: no new requests are taken."""
        self.started_at = time.time()
        self.reload_error: str | None = None
        """Why the file on disk is not the one in use, if it is not."""
        self.taken: tuple[Path, Stamp] | None = None
        """The file and its stamp at the last reload, good or bad."""
        self.reloaded = asyncio.Condition()
        """Notified after every reload, good or bad."""

    # ---- for plugins

    @property
    def settings(self) -> Settings:
        """The settings in use; while plugins start for the first time, those to come."""
        return self._first if self._current is None else self._current.settings

    @property
    def generation(self) -> int:
        """The number of the current generation; it grows with each reload."""
        return self.current.number

    @property
    def models(self) -> Any:
        """Ollama's management calls: `installed()`, `loaded()`, `show(name)`, `version()`."""
        return self.current.ollama.models

    @property
    def hosts(self) -> Hosts:
        """The Ollamas of the file: `urls`, and `ask(url, path)`."""
        return self.current.ollama.hosts

    async def started(self) -> None:
        """Wait until all plugins have started for the first time: `hosts` and `find` work then."""
        await self._started.wait()

    def find(self, kind: type[_T]) -> _T | None:
        """Return the plugin of this class that new requests pass, if there is one.

        Ask each time: another generation may have another one. While plugins start for the first
        time there is none yet.
        """
        return None if self._current is None else self._current.find(kind)

    def measures(self) -> Iterator[Measure]:
        """Yield the figures that plugins keep, as they are now; see the hook `measures`."""
        return self.current.measures()

    def plugins(self) -> list[Known]:
        """Return all plugins that there are, on or off. It reads files: call it in a thread."""
        return inventory(self.settings, self.current.plugins)

    async def infer(self, call: Call, handler: Handler | None = None) -> Chunks:
        """Answer a call through the whole chain, as if it had come over HTTP.

        A plugin may give the `handler` that it stands before: then it goes from there on. A copy of
        a call is a part of that call's work; a call of its own is made by `Call` or `Call.apart`.
        """
        generation = self.current
        inference = Inference(call)
        try:
            async with aclosing((handler or generation.handler)(call)) as chunks:
                async for chunk in chunks:
                    yield inference.saw(chunk)
        except Exception as error:
            inference.error = type(error).__name__
            raise
        finally:
            inference.end(generation.ended)

    # ---- life

    @property
    def current(self) -> Generation:
        """The generation that new requests run on."""
        if self._current is None:
            raise RuntimeError("the gateway is not started")
        return self._current

    async def start(self) -> None:
        """Build and start the first generation; raise `SettingsError`."""
        try:
            await self._swap(self._first)
        except BaseException:
            await self.stop()  # what did start may have opened the database
            raise

    async def stop(self) -> None:
        """Close every generation, the current one last; then what they share."""
        await asyncio.gather(*self._closing, return_exceptions=True)
        if self._current is not None:
            await self._current.close()
        await self.usage.close()
        await self.database.close()

    async def reload(self, why: str) -> None:
        """Take the file as it is now; a bad one changes nothing and raises `SettingsError`."""
        async with self._reloading:
            try:
                # Before it is read: what is saved meanwhile is something new.
                if self._path is not None:
                    self.taken = (self._path.absolute(), stamp(self._path))
                settings = await asyncio.to_thread(load, self._path)
                await self._swap(settings)
            except SettingsError as error:
                self.reload_error = str(error)
                log.error("the new settings are wrong, the old ones stay", error=str(error))
                raise
            except Exception as error:
                log.exception("reloading failed, the old settings stay")
                self.reload_error = f"reloading failed: {type(error).__name__}: see the log"
                raise SettingsError(self.reload_error) from error
            else:
                self.reload_error = None
                log.info("reloaded", generation=self._number, why=why)
            finally:
                async with self.reloaded:
                    self.reloaded.notify_all()

    async def _swap(self, settings: Settings) -> None:
        before = self._current
        if before is not None:
            settings = _without_restart(before.settings, settings)
        made = await asyncio.to_thread(build, self, settings, self._number + 1, before)
        await made.start()
        self._number = made.number
        self._current = made
        self._started.set()
        self._alive.add(made)
        if before is not None:
            task = asyncio.create_task(self._close(before), name=f"close {before.number}")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def _close(self, generation: Generation) -> None:
        await generation.close()
        self._alive.discard(generation)

    async def drain(self) -> None:
        """Take no new requests, let the running ones finish; end those that take too long."""
        self.draining = True
        deadline = self.settings.server.drain_timeout
        log.info("draining", running=self.running, seconds=float(deadline))
        try:
            async with asyncio.timeout(deadline):
                await asyncio.gather(*(generation.idle() for generation in self._alive))
        except TimeoutError:
            log.warning("ending what still runs", running=self.running)
            for generation in self._alive:
                for exchange in tuple(generation.exchanges):
                    exchange.abort(ShuttingDown("the router shuts down: try again", retry_after=5))

    @property
    def running(self) -> int:
        """The number of requests that run, on all generations."""
        return sum(generation.running for generation in self._alive)

    def watch_attempt(self, attempt: Attempt) -> Callable[[], None]:
        """Know which attempts run."""
        self.attempts.add(attempt)
        return partial(self.attempts.discard, attempt)

    # ---- ASGI

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Give a request an id and the current generation."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1000})
            return
        request_id = _request_id(scope["headers"])
        scope["localai.request_id"] = request_id
        scope[RESPONSE] = response = Response(request_id, send)
        path: str = scope["path"]
        generation = self.current
        scope["localai.trust"] = generation.trust
        scope["localai.generation"] = generation.number
        generation.enter()
        try:
            await generation.app(scope, receive, response.send)
        except Exception:
            log.exception("request failed", path=path, request_id=request_id)
            if not response.started:
                error = InternalError("the router failed; its log has the details")
                await send_error(error, scope, response.send)
        finally:
            generation.leave()


def _request_id(headers: list[tuple[bytes, bytes]]) -> str:
    """Return the caller's request id if it is harmless, else a new one."""
    for name, value in headers:
        if name == b"x-request-id":
            given = value.decode("latin-1")
            if _HARMLESS.fullmatch(given):
                return given
    return new_id("req_")


AT_START = {
    "server": ("host", "port", "admin", "header_timeout", "body_timeout", "reload"),
    "database": ("url", "pool_size", "pool_overflow", "pool_wait", "pool_recycle", "timeout"),
    "log": ("format", "level"),
}
"""Settings that a running process can't change, by table."""


def _without_restart(before: Settings, after: Settings) -> Settings:
    """Keep what was set at the start, and say what a restart would change.

    The check whether other machines can reach the router must go by the address that it listens
    on, not by the file's.
    """
    kept = {}
    for table, keys in AT_START.items():
        old, new = getattr(before, table), getattr(after, table)
        values = {key: getattr(old, key) for key in keys}
        for key, value in values.items():
            if value != getattr(new, key) and not (table == "server" and key in before.overrides):
                log.warning("this setting needs a restart", setting=f"[{table}] {key}")
        kept[table] = replace(new, **values)
    return replace(after, **kept, overrides=before.overrides)


@asynccontextmanager
async def open_gateway(path: Path | None, families: Collection[str]) -> AsyncIterator[Gateway]:
    """Start the inside of a router, for a command; `None` stands for the default settings.

    Of the file's chain only these families are in it: others would ask for keys, or keep books.
    """
    settings = load(path)
    plugins = tuple(name for name in settings.chain.plugins if name.partition(".")[0] in families)
    gateway = Gateway(replace(settings, chain=replace(settings.chain, plugins=plugins)))
    await gateway.start()
    try:
        yield gateway
    finally:
        await gateway.stop()
