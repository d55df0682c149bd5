"""Figures of the router itself and of its process."""

import asyncio
import platform
from collections import Counter as Counts
from collections.abc import Iterator

from prometheus_client.process_collector import ProcessCollector

from localai import Gateway
from plugins.metrics.prometheus.figures import Counter, Family, Labels

ACROSS_MAX = frozenset({"process_start_time_seconds", "process_max_fds"})
"""Those of the process that do not add up."""


def gauges(gateway: Gateway) -> Iterator[Family]:
    """Yield how the router is now."""
    failed = gateway.reload_error is not None
    versions = (gateway.version, platform.python_version())
    hosts = gateway.hosts
    running = Counts({hosts.label(url): 0 for url in hosts.urls})
    running.update(attempt.label for attempt in tuple(gateway.attempts))
    yield _gauge("localai_build_info", "Versions; always 1.", {versions: 1}, "version", "python")
    yield _one("localai_start_time_seconds", "When the router started.", gateway.started_at)
    yield _one("localai_generation", "Number of the settings in use.", gateway.generation)
    yield _one("localai_reload_failed", "1 while the file on disk is wrong and unused.", failed)
    yield _one("localai_draining", "1 while the router shuts down.", gateway.draining)
    yield _one(
        "localai_engine_embedded",
        "1 while the embedded engine answers for want of an Ollama.",
        hosts.uses_embedded,
    )
    yield Family(
        name="localai_http_requests_in_flight",
        help="Requests that run now.",
        kind="gauge",
        cells={(): [float(gateway.running)]},
    )
    yield Family(
        name="localai_attempts_running",
        help="Requests that Ollamas work on now.",
        kind="gauge",
        labels=("host",),
        cells={(host,): [float(number)] for host, number in running.items()},
    )


def _one(name: str, help: str, value: float) -> Family:
    return _gauge(name, help, {(): value})


def _gauge(name: str, help: str, values: dict[Labels, float], *labels: str) -> Family:
    """Return a gauge that is the same for several routers with one file, or the worst of them."""
    cells = {key: [float(value)] for key, value in values.items()}
    return Family(name=name, help=help, kind="gauge", labels=labels, across="max", cells=cells)


class Reloads:
    """Counts what became of changes to the file."""

    def __init__(self) -> None:
        self._counter = Counter(
            "localai_reloads_total", "Reloads of the settings, by outcome.", "outcome"
        )
        for outcome in ("ok", "failed"):
            self._counter.add(0, outcome)

    @property
    def family(self) -> Family:
        """The figures."""
        return self._counter.family

    async def look(self, gateway: Gateway) -> None:
        """Count until it is cancelled."""
        async with gateway.reloaded:
            while True:
                await gateway.reloaded.wait()
                self._counter.add(1, "ok" if gateway.reload_error is None else "failed")


class Process:
    """What the kernel says of this process."""

    def __init__(self) -> None:
        self._collector = ProcessCollector(registry=None)

    async def families(self) -> list[Family]:
        """Return the figures; they are read beside the event loop, as some take milliseconds."""
        return await asyncio.to_thread(self._read)

    def _read(self) -> list[Family]:
        return [
            Family(
                name=sample.name,
                help=metric.documentation,
                kind="counter" if metric.type == "counter" else "gauge",
                across="max" if sample.name in ACROSS_MAX else "sum",
                cells={(): [sample.value]},
            )
            for metric in self._collector.collect()
            for sample in metric.samples
        ]
