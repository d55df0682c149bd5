"""Who is up."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from localai import UpstreamInvalid
from plugins.routing.hosts import health as module
from plugins.routing.hosts.health import Health
from plugins.routing.hosts.host import Host
from tests.plugins.routing.fleet import until
from tests.plugins.routing.hosts.asked import Asked


class Watched:
    """Two hosts and who watches them."""

    def __init__(self, **times: float) -> None:
        self.asked = Asked()
        self.hosts = [Host("http://one", "1"), Host("http://two", "2")]
        self.changed: list[str] = []
        self.health = Health(
            lambda: self.hosts, self.asked, lambda host: self.changed.append(host.label), **times
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch meanwhile."""
        task = asyncio.create_task(self.health.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_all_are_asked_at_the_start() -> None:
    """The first look says who is up, and with which version."""
    watched = Watched()
    watched.asked.down.add("http://two")
    async with watched.running():
        await until(lambda: len(watched.asked.asked) == 2)
        await until(lambda: not watched.hosts[1].is_up)
    assert [(host.is_up, host.version) for host in watched.hosts] == [
        (True, "0.32.15"),
        (False, ""),
    ]


async def test_a_host_that_a_call_found_down_is_down_at_once() -> None:
    """It gets no requests from then on, is asked soon, and is up again when it answers."""
    watched = Watched(first=0.01, longest=0.02)
    one, _ = watched.hosts
    async with watched.running():
        await until(lambda: len(watched.asked.asked) == 2)
        watched.asked.down.add(one.url)
        watched.health.down(one)
        assert not one.is_open
        await until(lambda: watched.asked.asked.count(one.url) > 3)
        assert not one.is_up
        watched.asked.down.clear()
        await until(lambda: one.is_up)


async def test_going_and_coming_are_said_once() -> None:
    """The log has one line when a host goes, however many find that, and one when it comes."""
    watched = Watched()
    one, two = watched.hosts
    watched.asked.down.add(one.url)
    with capture_logs() as lines:
        for _ in range(3):
            watched.health.down(one)
            await watched.health.probe(one)
            watched.health.up(two)
        watched.asked.down.clear()
        for _ in range(3):
            await watched.health.probe(one)
    assert [(line["event"], line["host"]) for line in lines] == [
        ("a host is down", "one"),
        ("a host is up", "one"),
    ]
    assert watched.changed == ["1", "1"]


async def test_who_stays_away_is_asked_less_often() -> None:
    """The times between probes double up to a longest one, and begin anew when it was up."""
    watched = Watched(first=1.0, longest=5.0)
    one, _ = watched.hosts
    watched.asked.down.add(one.url)
    pauses = []
    for _ in range(6):
        await watched.health.probe(one)
        pauses.append(one.probe_at - time.monotonic())
    assert pauses == [pytest.approx(pause, rel=0.12) for pause in (1, 2, 4, 5, 5, 5)]
    watched.asked.down.clear()
    await watched.health.probe(one)
    watched.asked.down.add(one.url)
    await watched.health.probe(one)
    assert one.probe_at - time.monotonic() == pytest.approx(1, rel=0.12)


async def test_a_host_with_requests_may_miss_a_probe() -> None:
    """What answers requests may be too busy to tell its version once, but not twice."""
    watched = Watched()
    one, _ = watched.hosts
    one.running = 1
    watched.asked.down.add(one.url)
    await watched.health.probe(one)
    assert one.is_up
    await watched.health.probe(one)
    assert not one.is_up


async def test_who_shows_that_it_is_up_is_not_asked() -> None:
    """An answer puts the next probe off by the whole time of silence."""
    watched = Watched(idle=30.0)
    one, _ = watched.hosts
    watched.health.up(one)
    assert one.probe_at - time.monotonic() == pytest.approx(30, abs=1)
    assert one.heard_at == pytest.approx(time.monotonic(), abs=1)
    async with watched.running():
        await until(lambda: watched.asked.asked)
        await asyncio.sleep(0)
    assert watched.asked.asked == ["http://two"]


async def test_hosts_that_are_silent_are_asked() -> None:
    """A host that nobody calls is asked again and again, so that its fall is noticed."""
    watched = Watched(idle=0.01, first=0.01)
    async with watched.running():
        await until(lambda: watched.asked.asked.count("http://two") > 3)
        watched.asked.down.add("http://two")
        await until(lambda: not watched.hosts[1].is_up)


async def test_other_hosts_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that the file has newly is asked without delay."""
    monkeypatch.setattr(module, "LONGEST_SLEEP", 0.01)
    watched = Watched()
    async with watched.running():
        await until(lambda: len(watched.asked.asked) == 2)
        watched.hosts.append(Host("http://three", "3"))
        await until(lambda: watched.hosts[2].version)


@pytest.mark.parametrize(
    ("answer", "is_up", "version"),
    [
        ({"version": "0.33.0-rc2"}, True, "0.33.0-rc2"),
        ({"version": 7}, True, ""),
        ([], True, ""),
        ({"version": "x" * 1000}, True, ""),
        (UpstreamInvalid("HTTP 502"), False, ""),
        (RuntimeError("a bug"), False, ""),
    ],
)
async def test_what_answers_may_be_anything(answer: Any, is_up: bool, version: str) -> None:
    """A host is up that answers in JSON; what is no version is left out; a failure is one."""
    watched = Watched()
    one, _ = watched.hosts
    watched.asked.answer = answer
    with capture_logs():
        await watched.health.probe(one)
    assert (one.is_up, one.version) == (is_up, version)


async def test_without_hosts_it_waits() -> None:
    """A file that wants the built-in engine only has nobody to probe."""
    watched = Watched()
    watched.hosts.clear()
    async with watched.running():
        await asyncio.sleep(0)
    assert watched.asked.asked == []
