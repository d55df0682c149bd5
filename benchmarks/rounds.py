"""Runs the rounds. In each, all gateways take their turn, so that a drift of the machine hits all.

The load generator and the upstream have one core, the gateway that is measured has another.
"""

import asyncio
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec
import uvloop

from benchmarks import load
from benchmarks.figures import (
    FIGURES,
    GROWTH,
    GROWTH_REQUESTS,
    LOADS,
    MEMORY,
    PLAIN,
    START,
    Figure,
    LoadFigure,
)
from benchmarks.gateways import KEY, KEY_FILE, Gateway
from benchmarks.process import GatewayFailed, Process, free_port, post

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Cores:
    """Where things run."""

    load: int
    """For the load generator and the upstream."""
    gateway: int

    @classmethod
    def available(cls) -> "Cores":
        """Take the first and the last core that this process may use."""
        cores = sorted(os.sched_getaffinity(0))
        return cls(cores[0], cores[-1])

    @property
    def shared(self) -> bool:
        """Tell whether there is one core only."""
        return self.load == self.gateway


@dataclass
class Cell:
    """All samples of one figure for one gateway."""

    samples: list[float] = field(default_factory=list)
    """One for each round, in the figure's unit."""
    problem: str = ""
    """Why the figure is invalid, or ""."""
    outcomes: list[load.Outcome] = field(default_factory=list)
    """What the load generator saw, for figures made by load."""
    requests: int = 0
    """Requests of one sample."""

    @property
    def median(self) -> float | None:
        """The figure, or None when it is invalid or was not measured."""
        return statistics.median(self.samples) if self.samples and not self.problem else None


@dataclass(frozen=True)
class Running:
    """A gateway that has answered its first request."""

    gateway: Gateway
    process: Process
    port: int
    key: str
    """What requests to it carry."""
    seconds: float
    """From its start to its first 200."""


Table = dict[tuple[str, str], Cell]
"""Cells by name of the figure and of the gateway."""


class Bench:
    """One run of the benchmarks: an upstream, the gateways and the table of results."""

    def __init__(
        self,
        gateways: Sequence[Gateway],
        *,
        cores: Cores,
        part: float = 1.0,
        say: Callable[[str], None] = lambda line: None,
    ) -> None:
        """`part` is the part of every figure's work to do; `say` gets lines of progress."""
        self.table: Table = {}
        self.failed: dict[str, str] = {}
        """Gateways that did not run, and why."""
        self._gateways = gateways
        self._cores = cores
        self._part = part
        self._say = say
        self._upstream = 0

    def run(self, rounds: int) -> None:
        """Take all samples; fills `table` and `failed`."""
        os.sched_setaffinity(0, {self._cores.load})
        with (
            tempfile.TemporaryDirectory(prefix="bench-") as folder,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
            self._serve_upstream(Path(folder)),
        ):
            for number in range(rounds):
                self._say(f"round {number + 1} of {rounds}: start and memory")
                for gateway in self._running():
                    self._measure_fresh(gateway, runner)
            self._measure_loads(rounds, runner)

    def _running(self) -> Iterator[Gateway]:
        return (gateway for gateway in self._gateways if gateway.name not in self.failed)

    @contextmanager
    def _serve_upstream(self, folder: Path) -> Iterator[None]:
        self._upstream = free_port()
        argv = [sys.executable, "-m", "benchmarks.upstream", "--port", str(self._upstream)]
        with Process(argv, core=self._cores.load, folder=folder) as process:
            process.wait_until_answers(self._upstream, PLAIN.request)
            yield

    @contextmanager
    def _start(self, gateway: Gateway) -> Iterator["Running"]:
        """Start one gateway, and wait for its first 200."""
        port = free_port()
        with tempfile.TemporaryDirectory(prefix=f"bench-{gateway.name}-") as name:
            folder = Path(name)
            argv = gateway.command(port, self._upstream, folder)
            own = folder / KEY_FILE
            key = own.read_text() if own.is_file() else KEY
            with Process(argv, core=self._cores.gateway, folder=folder, env=gateway.env) as process:
                seconds = process.wait_until_answers(port, replace(PLAIN.request, key=key))
                yield Running(gateway, process, port, key, seconds)

    def _measure_fresh(self, gateway: Gateway, runner: asyncio.Runner) -> None:
        """Take one sample each of start, memory and growth, with a process of its own."""
        try:
            with self._start(gateway) as running:
                self._cell(START, gateway).samples.append(running.seconds)
                running.process.settled_cpu()
                before = running.process.memory()
                self._cell(MEMORY, gateway).samples.append(before / MEGABYTE)
                requests = self._share(GROWTH_REQUESTS, gateway)
                cell = self._cell(GROWTH, gateway)
                self._send(PLAIN, requests, running, cell, runner)
                running.process.settled_cpu()
                cell.samples.append((running.process.memory() - before) / MEGABYTE)
        except GatewayFailed as failure:
            self._fail(gateway, failure)

    def _measure_loads(self, rounds: int, runner: asyncio.Runner) -> None:
        with ExitStack() as stack:
            started: list[Running] = []
            for gateway in self._running():
                try:
                    started.append(stack.enter_context(self._start(gateway)))
                except GatewayFailed as failure:
                    self._fail(gateway, failure)
            for number in range(rounds):
                for figure in LOADS:
                    self._say(f"round {number + 1} of {rounds}: {figure.title}")
                    for running in started:
                        if running.gateway.caches or not figure.cached:
                            self._measure_load(figure, running, runner)

    def _measure_load(self, figure: LoadFigure, running: "Running", runner: asyncio.Runner) -> None:
        gateway = running.gateway
        requests = max(self._share(figure.requests, gateway), figure.connections)
        cell = self._cell(figure, gateway)
        warm_up = self._share(figure.warm_up, gateway)
        runner.run(self._load(figure, warm_up, running))
        before = running.process.settled_cpu()
        self._send(figure, requests, running, cell, runner)
        spent = running.process.settled_cpu() - before
        cell.samples.append(spent * 1e6 / figure.units(requests))

    def _send(
        self,
        figure: LoadFigure,
        requests: int,
        running: "Running",
        cell: Cell,
        runner: asyncio.Runner,
    ) -> None:
        """Send the load and note in the cell what makes the sample invalid."""
        served = self._served()
        outcome = runner.run(self._load(figure, requests, running))
        served = self._served() - served
        expected = 0 if figure.cached else requests
        cell.outcomes.append(outcome)
        cell.requests = requests
        if outcome.errors:
            cell.problem = f"{outcome.errors} of {requests} failed: {outcome.first_error}"
        elif served != expected:
            cell.problem = f"the upstream answered {served} requests, not {expected}"

    async def _load(self, figure: LoadFigure, requests: int, running: "Running") -> load.Outcome:
        request = replace(figure.request, key=running.key)
        return await load.run(
            running.port, request, requests=requests, connections=figure.connections
        )

    def _served(self) -> int:
        """Ask the upstream how many chats it has answered."""
        _status, text = post(self._upstream, load.Request(b"", 0, path="/served"))
        count: int = msgspec.json.decode(text)["served"]
        return count

    def _share(self, requests: int, gateway: Gateway) -> int:
        return max(1, round(requests * gateway.part * self._part))

    def _cell(self, figure: Figure, gateway: Gateway) -> Cell:
        return self.table.setdefault((figure.name, gateway.name), Cell())

    def _fail(self, gateway: Gateway, failure: GatewayFailed) -> None:
        self.failed[gateway.name] = str(failure)
        for figure in FIGURES:
            self.table.pop((figure.name, gateway.name), None)
        self._say(f"{gateway.name}: {failure}")
