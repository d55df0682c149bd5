"""Several Ollamas behind one router."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from structlog.testing import capture_logs

from localai import (
    Gateway,
    NotFound,
    SettingsError,
    Unavailable,
    UpstreamFailed,
    UpstreamUnreachable,
)
from plugins.routing.hosts.host import Host
from plugins.routing.hosts.plugin import Hosts
from tests.double import Model, faults
from tests.pace import within
from tests.plugins.routing.fleet import fleet, until
from tests.plugins.routing.hosts.asked import Asked
from tests.plugins.support import a_call

ONE, TWO = "http://one", "http://two"


class Fleet:
    """Stands for the gateway."""

    def __init__(self, *urls: str) -> None:
        self.asked = Asked()
        self.before: Hosts | None = None
        self.embedded = "auto"
        self.set(*urls)

    def set(self, *urls: str) -> None:
        """Have these hosts from now on."""
        self.hosts = SimpleNamespace(urls=list(urls), ask=self.asked)

    @property
    def settings(self) -> Any:
        """The settings."""
        return SimpleNamespace(ollama=SimpleNamespace(embedded=self.embedded))

    async def started(self) -> None:
        """All runs."""

    def find(self, kind: type) -> Any:
        """Return the plugin of the last settings."""
        return self.before if kind is Hosts else None


@asynccontextmanager
async def running(gateway: Fleet, **settings: Any) -> AsyncIterator[Hosts]:
    """Run the plugin, after it has asked all hosts."""
    hosts = Hosts(Hosts.Config(**settings))
    async with hosts.lifespan(cast(Gateway, gateway)):
        await until(lambda: len(gateway.asked.asked) >= len(hosts.all))
        yield hosts


def break_(hosts: Hosts, host: Host, model: str, times: int = 3) -> None:
    """Let a model fail on a host."""
    for _ in range(times):
        hosts.begin(host, model).failed(UpstreamFailed("the runner stopped"))


def labels(found: list[Host]) -> str:
    """Return the labels of hosts."""
    return "".join(host.label for host in found)


async def test_hosts_are_those_of_the_file() -> None:
    """They have their labels by the file's order, and all are open at first."""
    async with running(Fleet(ONE, TWO)) as hosts:
        assert [(host.url, host.label) for host in hosts.all] == [(ONE, "1"), (TWO, "2")]
        assert labels(hosts.open_for("m")) == "12"
        assert await hosts.health() == {"up": 2, "of": 2}


async def test_a_host_that_can_not_be_reached_is_left_out() -> None:
    """From the first call that finds that on, for all models; it says when to try again."""
    gateway = Fleet(ONE, TWO)
    async with running(gateway, probe=5.0, probe_longest=5.0) as hosts:
        gateway.asked.down.update((ONE, TWO))
        hosts.begin(hosts.all[0], "m").failed(UpstreamUnreachable("away"))
        assert labels(hosts.open_for("other")) == "2"
        assert hosts.retry_after("m") == 1.0
        hosts.begin(hosts.all[1], "m").failed(UpstreamUnreachable("away"))
        assert hosts.open_for("m") == []
        await until(lambda: hosts.retry_after("m") > 3)
        assert hosts.retry_after("m") <= 5.5


async def test_a_model_that_fails_gets_a_rest_there() -> None:
    """On that host, in any spelling of its name; others and other models go on."""
    async with running(Fleet(ONE, TWO), rest=10.0) as hosts:
        one, two = hosts.all
        break_(hosts, one, "M")
        assert labels(hosts.open_for("m:latest")) == "2"
        assert labels(hosts.open_for("other")) == "12"
        with pytest.raises(Unavailable, match="gets a rest") as error:
            hosts.begin(one, "m")
        assert (error.value.code, error.value.retry_after) == ("circuit_open", 1.0)
        break_(hosts, two, "m")
        assert hosts.open_for("m") == []
        assert 7 < hosts.retry_after("m") < 13
        assert [each["model"] for each in hosts.report()[0]["resting"]] == ["m:latest"]


async def test_settings_say_when_it_rests() -> None:
    """A higher number of failures in a row is allowed where the file says so."""
    async with running(Fleet(ONE), failures_in_a_row=5) as hosts:
        break_(hosts, hosts.all[0], "m", 4)
        assert hosts.open_for("m")
        break_(hosts, hosts.all[0], "m", 1)
        assert not hosts.open_for("m")


async def test_a_host_that_drains_gets_no_new_requests() -> None:
    """What it has it ends; then it may be taken away, and comes back when it is told."""
    async with running(Fleet(ONE, TWO)) as hosts:
        attempt = hosts.begin(hosts.all[0], "m")
        with capture_logs() as lines:
            for _ in range(2):
                assert hosts.drain("1", True, "anna").is_draining
            assert labels(hosts.open_for("m")) == "2"
            assert hosts.all[0].running == 1
            attempt.succeeded()
            assert hosts.all[0].running == 0
            hosts.drain("1", False)
        assert [(line["event"], line["by"]) for line in lines] == [
            ("a host drains", "anna"),
            ("a host drains no more", ""),
        ]
        assert labels(hosts.open_for("m")) == "12"
        for label in ("3", ONE, ""):
            with pytest.raises(NotFound, match="there is no host"):
                hosts.drain(label, True)


async def test_a_host_that_drains_is_not_waited_for() -> None:
    """When to try again is told by the others."""
    async with running(Fleet(ONE, TWO), rest=10.0) as hosts:
        break_(hosts, hosts.all[1], "m")
        hosts.drain("1", True)
        assert hosts.retry_after("m") > 7
        hosts.drain("2", True)
        assert hosts.retry_after("m") == 1.0


async def test_a_conversation_goes_where_it_was() -> None:
    """While that host is open, and only if there are several."""
    call = a_call()
    async with running(Fleet(ONE, TWO)) as hosts:
        assert hosts.preferred(call) is None
        hosts.remember(call, hosts.all[1])
        assert hosts.preferred(call) is hosts.all[1]
        hosts.drain("2", True)
        assert hosts.preferred(call) is None
    async with running(Fleet(ONE)) as hosts:
        hosts.remember(call, hosts.all[0])
        assert hosts.preferred(call) is None


async def test_other_hosts_of_the_file_are_followed() -> None:
    """After a reload the new ones are there at once; those that stay keep their state."""
    gateway = Fleet(ONE, TWO)
    async with running(gateway) as hosts:
        hosts.drain("2", True)
        gateway.set(TWO, "http://three")
        assert [(host.url, host.label, host.is_draining) for host in hosts.all] == [
            (TWO, "1", True),
            ("http://three", "2", False),
        ]


async def test_other_settings_of_its_own_keep_the_state() -> None:
    """The plugin of the new settings goes on with the hosts of the last one."""
    gateway = Fleet(ONE, TWO)
    async with running(gateway) as before:
        before.drain("1", True)
        gateway.before = before
        async with running(gateway, idle=60.0) as after:
            assert labels(after.open_for("m")) == "2"
            assert after.all == before.all


async def test_the_engine_alone_has_no_hosts() -> None:
    """Where the file wants the built-in engine only, nobody is probed."""
    gateway = Fleet(ONE)
    gateway.embedded = "always"
    async with running(gateway) as hosts:
        await asyncio.sleep(0)
        assert (hosts.all, hosts.open_for("m"), gateway.asked.asked) == ((), [], [])
        assert hosts.retry_after("m") == 1.0


@pytest.mark.parametrize("setting", ["probe", "probe_longest", "idle"])
def test_nobody_is_asked_all_the_time(setting: str) -> None:
    """A time of nothing between two probes is an error of the file."""
    with pytest.raises(SettingsError, match=f"{setting}: expected a time above 0"):
        Hosts(
            msgspec.convert({setting: 0.0}, Hosts.Config, dec_hook=lambda kind, value: kind(value))
        )


async def test_figures_tell_who_is_up() -> None:
    """The figures of all hosts are there."""
    async with running(Fleet(ONE, TWO)) as hosts:
        break_(hosts, hosts.all[0], "m")
        figures = {each.name: dict(each.values) for each in hosts.measures()}
    assert figures["localai_host_up"] == {("1",): 1.0, ("2",): 1.0}
    open_breakers = {key: value for key, value in figures["localai_breakers"].items() if value}
    assert open_breakers == {("1", "open"): 1.0}


async def test_choosing_costs_microseconds() -> None:
    """For a request with three hosts, all that is asked here takes less than 60 µs of CPU."""
    async with running(Fleet(ONE, TWO, "http://three")) as hosts:
        call = a_call()
        hosts.remember(call, hosts.all[1])

        def requests() -> None:
            for _ in range(100):
                hosts.open_for("llama3.2")
                host = hosts.preferred(call)
                assert host is not None
                attempt = hosts.begin(host, "llama3.2")
                attempt.succeeded()

        within(100 * 60e-6, requests)


async def test_a_host_goes_and_comes_back(tmp_path: Path) -> None:
    """Over real sockets: a host that is stopped is noticed by a probe, and when it is back."""
    settings = 'idle = "30ms"\nprobe = "20ms"\nprobe_longest = "50ms"'
    async with fleet(tmp_path, [Model(name="a")], [Model(name="a")], hosts=settings) as one:
        first, _ = one.hosts.all
        await until(lambda: first.version)
        assert first.version == "0.32.15"
        await one.doubles[0].stop()
        await until(lambda: not first.is_up)
        assert labels(one.hosts.open_for("a")) == "2"
        await one.doubles[0].start()
        await until(lambda: first.is_up)


async def test_a_host_that_hangs_is_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes a connection and says nothing is left out after the probe's time."""
    monkeypatch.setattr("plugins.routing.hosts.health.TIMEOUT", 0.05)
    async with fleet(tmp_path, [Model(name="a")], [Model(name="a")]) as one:
        first, second = one.hosts.all
        await until(lambda: first.version)
        one.doubles[0].fail(faults.Stall(), "/api/version")
        began = time.monotonic()
        await one.hosts._health.probe(first)
        assert not first.is_up
        assert second.is_up
        assert time.monotonic() - began < 5


async def test_a_host_that_was_away_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a host comes back the catalogue looks anew: nothing is in its memory any more."""
    monkeypatch.setattr("plugins.routing.catalogue.plugin.LEAST_PAUSE", 0.05)
    settings = 'idle = "30ms"\nprobe = "20ms"\nprobe_longest = "50ms"'
    async with fleet(tmp_path, [Model(name="a")], hosts=settings, catalogue="refresh = 600") as one:
        (double,), catalogue = one.doubles, one.catalogue
        await one.client.post("/api/chat", json={"model": "a", "messages": []})
        await catalogue.refresh()
        assert catalogue.loaded(double.url, "a") is not None
        await double.stop()
        await until(lambda: catalogue.loaded(double.url, "a") is None)
        double.add(Model(name="b"))
        await double.start()
        await until(lambda: "b:latest" in catalogue.models)


async def test_draining_outlives_a_reload_of_other_plugins(tmp_path: Path) -> None:
    """A host drains until it is told otherwise, also when the file changes elsewhere."""
    async with fleet(tmp_path, [Model(name="a")], [Model(name="a")]) as one:
        hosts = one.hosts
        hosts.drain("2", True)
        await one.router.change("[plugins.catalogue]", "[plugins.catalogue]\nrefresh = 20")
        assert one.hosts is hosts
        assert labels(one.hosts.open_for("a")) == "1"
        await one.router.change("[plugins.hosts]", "[plugins.hosts]\nidle = 20")
        assert one.hosts is not hosts
        assert labels(one.hosts.open_for("a")) == "1"
