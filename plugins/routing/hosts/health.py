"""Who is up: by what calls show, and by asking those that are down or not heard of for long."""

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import structlog

from localai import GatewayError
from plugins.routing.catalogue.poller import Ask
from plugins.routing.catalogue.values import table, text
from plugins.routing.hosts.host import Host
from plugins.routing.jitter import jittered

log = structlog.get_logger("hosts")

TIMEOUT = 2.0
"""Seconds that a host has to tell its version."""
AT_ONCE = 0.2
"""Seconds until the first probe of a host that a call found down: it may just start again."""
PATIENCE = 2
"""Probes in a row that a host with requests must miss until it is down: it may just be busy."""
LONGEST_SLEEP = 1.0
"""Seconds after which the file may have other hosts."""


class Health:
    """Keeps `is_up`, `version` and `probe_at` of hosts true.

    `first` are the seconds between the first two probes of a host that is down; they double with
    each, up to `longest`. After `idle` seconds without a sign of life a host that is up is probed.
    `changed` is called when a host has gone down or come up.
    """

    def __init__(
        self,
        hosts: Callable[[], Sequence[Host]],
        ask: Ask,
        changed: Callable[[Host], None] = lambda host: None,
        *,
        first: float = 1.0,
        longest: float = 5.0,
        idle: float = 30.0,
    ) -> None:
        self._hosts = hosts
        self._ask = ask
        self._changed = changed
        self._first = first
        self._longest = longest
        self._idle = idle
        self._woken = asyncio.Event()

    def up(self, host: Host) -> None:
        """A host has shown that it is up."""
        now = time.monotonic()
        if not host.is_up:
            log.info("a host is up", host=host.place)
            host.is_up = True
            self._changed(host)
        host.failures = 0
        host.heard_at, host.probe_at = now, now + self._idle

    def down(self, host: Host) -> None:
        """A host could not be reached: it is asked again soon, and gets no requests until then."""
        if host.is_up:
            self._fall(host)
            host.probe_at = time.monotonic() + jittered(AT_ONCE)
            self._woken.set()

    async def run(self) -> None:
        """Probe those whose time has come, for ever."""
        while True:
            now = time.monotonic()
            due = [host for host in self._hosts() if host.probe_at <= now]
            await asyncio.gather(*(self.probe(host) for host in due))
            next_at = min((host.probe_at for host in self._hosts()), default=math.inf)
            pause = min(max(0.0, next_at - time.monotonic()), LONGEST_SLEEP)
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._woken.wait()
            self._woken.clear()

    async def probe(self, host: Host) -> None:
        """Ask a host for its version."""
        try:
            answer = await self._ask(host.url, "/api/version", timeout=TIMEOUT)
        except GatewayError:
            self._failed(host)
            return
        except Exception:
            log.exception("probing failed", host=host.place)
            self._failed(host)
            return
        host.version = _version(answer) or host.version
        self.up(host)
        host.probe_at = time.monotonic() + jittered(self._idle)

    def _failed(self, host: Host) -> None:
        pause = min(self._longest, self._first * 2.0 ** min(host.failures, 16))
        host.failures += 1
        if host.is_up and host.failures >= (PATIENCE if host.running else 1):
            self._fall(host)
        host.probe_at = time.monotonic() + jittered(pause)

    def _fall(self, host: Host) -> None:
        host.is_up = False
        log.warning("a host is down", host=host.place)
        self._changed(host)


def _version(answer: Any) -> str:
    return text(table(answer).get("version"), 40)
