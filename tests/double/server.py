"""The Ollama double itself."""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Iterable
from datetime import timedelta, timezone, tzinfo
from types import TracebackType
from typing import Literal, Self

from tests.double import origins, routes
from tests.double.answer import Dialect
from tests.double.connection import Connection
from tests.double.failures import Failure
from tests.double.faults import Fault
from tests.double.models import Model, Registry, default_models
from tests.double.received import Received
from tests.double.scheduler import DEFAULT_NUM_CTX, Runner, Scheduler
from tests.double.script import Script
from tests.double.v1 import V1Dialect
from tests.double.wire import Wire

Profile = Literal["0.32", "0.24"]

_VERSIONS: dict[Profile, str] = {"0.32": "0.32.15", "0.24": "0.24.0"}


class OllamaDouble:
    """A server that answers as Ollama does, on a loopback port, in the running event loop.

    It is an async context manager. `models` is what is installed, `remote` what a pull finds.
    `num_parallel` bounds the answers at a time per model, `max_queue` the waiting loads (a load
    more is a 503). `num_ctx` is the context of models that say none. `received` holds every
    request in order; `leaked` those that a real Ollama would have passed on to its cloud;
    `keep_received=False` keeps none, for long runs. `answer` makes a script for a request that has
    none queued.
    """

    def __init__(
        self,
        models: Iterable[Model] | None = None,
        *,
        profile: Profile = "0.32",
        num_parallel: int = 1,
        max_queue: int = 512,
        num_ctx: int = DEFAULT_NUM_CTX,
        cloud_disabled: bool = False,
        zone: tzinfo = timezone(timedelta(hours=1)),
        keep_received: bool = True,
    ) -> None:
        self.models = Registry(default_models() if models is None else models)
        self.remote = Registry([])
        self.blobs: dict[str, bytes] = {}
        self.profile = profile
        self.scheduler = Scheduler(num_parallel, max_queue, num_ctx)
        self.cloud_disabled = cloud_disabled
        self.zone = zone
        self.keep_received = keep_received
        self.received: list[Received] = []
        self.leaked: list[Received] = []
        self.answer: Callable[[Received], Script] = lambda received: Script()
        self.port = 0
        self._scripts: deque[Script] = deque()
        self._failures: list[tuple[str | None, Fault]] = []
        self._arrived = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._notices: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """The base address; it stays the same after `stop` and `start`."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def modern(self) -> bool:
        """Whether the profile is the current one."""
        return self.profile == "0.32"

    @property
    def version(self) -> str:
        """The version that this profile reports."""
        return _VERSIONS[self.profile]

    @property
    def loaded(self) -> dict[str, Runner]:
        """The loaded models by their short names."""
        return {runner.model.short: runner for runner in self.scheduler.loaded.values()}

    @property
    def loads(self) -> int:
        """How many loads were completed, reloads included."""
        return self.scheduler.loads

    @property
    def reloads(self) -> int:
        """How many loads happened only because of other options."""
        return self.scheduler.reloads

    def add(self, model: Model) -> None:
        """Install a model."""
        self.models.add(model)

    def remove(self, name: str) -> None:
        """Remove a model; `KeyError` when there is none of that name."""
        self.models.remove(name)

    def script(self, *scripts: Script) -> None:
        """Queue scripts for the next chats and generations, in the order of their arrival."""
        self._scripts.extend(scripts)

    def fail(self, fault: Fault, path: str | None = None) -> None:
        """Queue a fault for the next request (to this path), whatever its endpoint.

        Such a fault bends the whole answer: `Status`, `Reply`, `Stall()`, `Reset(None)`, `Split`,
        `ContentType`, `Gzip`. Faults at a certain token belong into a script.
        """
        self._failures.append((path, fault))

    def next_script(self, received: Received) -> Script:
        """Take the next queued script, or ask `answer` for one."""
        return self._scripts.popleft() if self._scripts else self.answer(received)

    async def wait_for(self, count: int) -> list[Received]:
        """Wait until `count` requests were received, and return those."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.received) >= count)
        return self.received[:count]

    async def start(self, port: int | None = None) -> None:
        """Listen on `port`, or on the one of the last time, or on a free one."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port if port is None else port))
        self.port = listener.getsockname()[1]
        self._server = await asyncio.start_server(self._connect, sock=listener)

    async def stop(self) -> None:
        """Close the port and every connection, and unload every model."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        tasks = [*self._connections, *self._notices]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.scheduler.unload_all()

    def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._server is None:  # it was accepted just before `stop`
            writer.close()
            return
        connection = Connection(reader, writer, self._record, self._handle)
        task = asyncio.create_task(connection.serve())
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        task.add_done_callback(lambda _: writer.close())  # `stop` may come before its first step

    def _record(self, received: Received) -> None:
        if not self.keep_received:
            return
        self.received.append(received)
        task = asyncio.create_task(self._notice())
        self._notices.add(task)
        task.add_done_callback(self._notices.discard)

    async def _notice(self) -> None:
        async with self._arrived:
            self._arrived.notify_all()

    async def _handle(self, received: Received, wire: Wire) -> None:
        dialect = V1Dialect("", {}) if received.path.startswith("/v1/") else Dialect()
        try:
            wire.fault = self._next_fault(received.path)
            await wire.fault.before_headers(wire)
            await origins.check(wire)
            await routes.dispatch(self, wire)
        except Failure as failure:
            await dialect.failure(wire, failure)

    def _next_fault(self, path: str) -> Fault:
        for entry in self._failures:
            if entry[0] in (None, path):
                self._failures.remove(entry)
                return entry[1]
        return Fault()
