"""Hosts as people, programs and Prometheus read them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, get_args

from localai import Measure
from plugins.routing.hosts.breaker import Breaker, State
from plugins.routing.hosts.host import Host

STATES: tuple[State, ...] = get_args(State)


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


def measures(
    hosts: Sequence[Host], breakers: Mapping[str, Mapping[State, int]]
) -> Iterator[Measure]:
    """Yield the figures of hosts; `breakers` counts by the URL of the host and the state."""
    yield _gauge("up", "Whether a host answers.", {host: host.is_up for host in hosts})
    yield _gauge(
        "draining", "Whether it gets no new requests.", {host: host.is_draining for host in hosts}
    )
    yield _gauge(
        "running", "Requests that a host has.", {host: host.running for host in hosts}, "sum"
    )
    yield Measure(
        name="localai_breakers",
        help="Breakers of a host, one for each model that was asked for there, by state.",
        kind="gauge",
        labels=("host", "state"),
        across="max",
        values=[
            ((host.label, state), float(breakers.get(host.url, {}).get(state, 0)))
            for host in hosts
            for state in STATES
        ],
    )


def _gauge(
    name: str, help: str, figures: Mapping[Host, int], across: Literal["sum", "max"] = "max"
) -> Measure:
    return Measure(
        name=f"localai_host_{name}",
        help=help,
        kind="gauge",
        labels=("host",),
        across=across,
        values=[((host.label,), float(figure)) for host, figure in figures.items()],
    )
