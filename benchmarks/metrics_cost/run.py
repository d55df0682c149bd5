"""Runs the comparison: all routers live in one process, and take turns in random order."""

import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, redirect_stderr
from pathlib import Path
from unittest.mock import patch

import uvloop

from benchmarks.load import Request
from benchmarks.metrics_cost.client import PATH, ask
from benchmarks.metrics_cost.model import stand_in
from benchmarks.metrics_cost.samples import PLAIN, SHAPES, Samples
from benchmarks.metrics_cost.variants import Variant
from benchmarks.process import Process, free_port
from benchmarks.rounds import Cores
from core import logs, rows
from core.config import Settings, parse
from core.gateway import Gateway
from core.tuning import tune
from tests.pace import slowness

SETTLING = 2.0
"""Seconds in which a router that has started looks at its Ollama."""
BATCH = 100
"""Rounds after which the rows of all requests are written to the databases."""
NEVER = 1e9
"""Seconds after which rows are written by themselves: while others are measured, it would count
for these."""


def run(
    variants: Sequence[Variant],
    rounds: int,
    *,
    idle: float = 0.0,
    say: Callable[[str], None] = lambda line: None,
) -> Samples:
    """Measure routers; with `idle`, the first two of them for so many seconds without requests."""
    cores = Cores.available()
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as name,
        _on(cores.gateway),
        _upstream(Path(name), cores.load) as port,
        (Path(name) / "log").open("w") as log,
        redirect_stderr(log),
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        settings = {each.name: _settings(each, port, Path(name)) for each in variants}
        logs.configure(settings[variants[0].name].log)  # as JSON, into the file
        found = Samples()
        if idle:
            for each in variants[:2]:
                say(f"idle: {each.name}")
                found.idle[each.name] = runner.run(_idle(settings[each.name], idle))
        with patch.object(rows, "EVERY", NEVER):
            runner.run(_measured(settings, rounds, found, say))
        return found


async def _measured(
    settings: Mapping[str, Settings], rounds: int, found: Samples, say: Callable[[str], None]
) -> None:
    async with AsyncExitStack() as stack:
        gateways = {
            name: await stack.enter_async_context(_started(each)) for name, each in settings.items()
        }
        await asyncio.sleep(SETTLING)
        for gateway in gateways.values():
            stand_in(gateway)
        await _batch(gateways, Samples())  # only to warm up
        tune()
        for number in range(0, rounds, BATCH):
            say(f"round {number} of {rounds}")
            await _batch(gateways, found)


async def _batch(gateways: Mapping[str, Gateway], found: Samples) -> None:
    """Take samples of all routers, in an order that is left to chance; then write their rows."""
    scale = slowness()
    found.slowness.append(scale)
    for number in range(BATCH):
        for shape in SHAPES:
            if number % shape.every:
                continue
            body = shape.body
            for name in random.sample(sorted(gateways), len(gateways)):
                began = time.process_time()
                await ask(gateways[name], body, shape.tokens)
                spent = time.process_time() - began
                found.add(name, shape, spent / scale * 1e6)
    await _write(gateways, found)


async def _write(gateways: Mapping[str, Gateway], found: Samples) -> None:
    """Note what it takes to write the rows of requests to the database."""
    for name, gateway in gateways.items():
        count = gateway.usage.waiting
        before = slowness()
        began = time.process_time()
        if count:
            await gateway.usage.flush()
        seconds = time.process_time() - began
        found.rows.setdefault(name, []).append(seconds / before / max(1, count) * 1e6)


async def _idle(settings: Settings, seconds: float) -> float:
    """Return the microseconds of CPU of each second in which nobody asks."""
    async with _started(settings):
        await asyncio.sleep(SETTLING)
        began = time.process_time()
        await asyncio.sleep(seconds)
        return (time.process_time() - began) / seconds / slowness() * 1e6


def _settings(variant: Variant, port: int, folder: Path) -> Settings:
    own = folder / variant.name.replace(" ", "-")
    own.mkdir()
    file = own / "localai.toml"
    file.write_text(variant.toml(port))
    return parse(file.read_text(), file)


@asynccontextmanager
async def _started(settings: Settings) -> AsyncIterator[Gateway]:
    gateway = Gateway(settings)
    await gateway.start()
    try:
        yield gateway
    finally:
        await gateway.stop()


@contextmanager
def _upstream(folder: Path, core: int) -> Iterator[int]:
    """Run the fake Ollama in a process of its own; yield its port."""
    port = free_port()
    argv = [sys.executable, "-m", "benchmarks.upstream", "--port", str(port)]
    with Process(argv, core=core, folder=folder) as process:
        process.wait_until_answers(port, Request(PLAIN.body, PLAIN.tokens, path=PATH))
        yield port


@contextmanager
def _on(core: int) -> Iterator[None]:
    """Keep this process on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
