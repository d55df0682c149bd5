"""How late the event loop is: the sign of something that blocks it."""

import asyncio
import time

from plugins.metrics.prometheus.figures import OVERHEAD_SECONDS, Family, Histogram

EVERY = 0.1
"""Seconds between two looks."""


class Lag:
    """Looks ten times a second by how much a timer is late."""

    def __init__(self) -> None:
        self._late = Histogram(
            "localai_event_loop_lag_seconds",
            "How late the event loop runs what is due.",
            OVERHEAD_SECONDS,
        )

    @property
    def family(self) -> Family:
        """The figures."""
        return self._late.family

    async def look(self) -> None:
        """Look until it is cancelled."""
        while True:
            due = time.monotonic() + EVERY
            await asyncio.sleep(EVERY)
            self._late.observe(max(0.0, time.monotonic() - due))
