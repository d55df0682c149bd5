"""Hosts as people, programs and Prometheus read them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from localai import Measure
from plugins.routing.hosts.breaker import Breaker
from plugins.routing.hosts.host import Host


def describe(host: Host, resting: Mapping[str, Breaker], now: float) -> dict[str, Any]:
    """Return a host, with the models that it is not asked for; `now` is monotonic."""
    return {
        "host": host.label,
        "address": host.place,
        "up": host.is_up,
        "draining": host.is_draining,
        "version": host.version or None,
        "running": host.running,
        "resting": [
            {"model": model, "retry_after": round(max(0.0, breaker.retry_at - now), 1)}
            for model, breaker in resting.items()
        ],
    }


def measures(hosts: Sequence[Host], resting: Mapping[str, int]) -> Iterator[Measure]:
    """Yield the figures of hosts; `resting` counts models by the URL of the host."""
    yield _gauge("up", "Whether a host answers.", {host: host.is_up for host in hosts})
    yield _gauge(
        "draining", "Whether it gets no new requests.", {host: host.is_draining for host in hosts}
    )
    yield _gauge("running", "Requests that a host has.", {host: host.running for host in hosts})
    yield _gauge(
        "resting",
        "Models that have failed there so often that they get a rest.",
        {host: resting.get(host.url, 0) for host in hosts},
    )


def _gauge(name: str, help: str, figures: Mapping[Host, int]) -> Measure:
    return Measure(
        name=f"localai_host_{name}",
        help=help,
        kind="gauge",
        labels=("host",),
        values=[((host.label,), float(figure)) for host, figure in figures.items()],
    )
