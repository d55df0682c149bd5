"""Hosts as people, programs and Prometheus read them."""

from plugins.routing.hosts.breaker import Breaker, State, Terms
from plugins.routing.hosts.host import Host
from plugins.routing.hosts.report import describe, measures

STATES: dict[str, dict[State, int]] = {"http://one": {"closed": 3, "open": 1}}


def test_a_host_is_described_without_secrets() -> None:
    """Label, address, state, version, requests, and how long which models get a rest."""
    breaker = Breaker(Terms(in_a_row=1, first=10), chance=lambda: 0.5)
    breaker.failed(100.0, breaker.begin(100.0))
    host = Host("http://me:canary@box:11434", "1", version="0.32.15", running=2)
    assert describe(host, {"m:latest": breaker}, 104.0) == {
        "host": "1",
        "address": "box:11434",
        "up": True,
        "draining": False,
        "version": "0.32.15",
        "running": 2,
        "resting": [{"model": "m:latest", "retry_after": 6.0}],
    }
    assert describe(Host("http://box", "2"), {}, 0.0)["version"] is None


def test_figures_are_by_label() -> None:
    """Each figure has one value for each host, under its label, which tells no address."""
    hosts = [
        Host("http://one", "1", running=3),
        Host("http://two", "2", is_up=False, is_draining=True),
    ]
    figures = {each.name: list(each.values) for each in measures(hosts, STATES)}
    assert figures == {
        "localai_host_up": [(("1",), 1.0), (("2",), 0.0)],
        "localai_host_draining": [(("1",), 0.0), (("2",), 1.0)],
        "localai_host_running": [(("1",), 3.0), (("2",), 0.0)],
        "localai_breakers": [
            (("1", "closed"), 3.0),
            (("1", "open"), 1.0),
            (("1", "half-open"), 0.0),
            (("2", "closed"), 0.0),
            (("2", "open"), 0.0),
            (("2", "half-open"), 0.0),
        ],
    }
    assert {each.kind for each in measures(hosts, {})} == {"gauge"}
