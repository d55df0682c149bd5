"""Turns for other requests, while one has much to compute."""

import asyncio
from time import perf_counter

TURN = 0.0002
"""Seconds after which others get a turn."""


class Turns:
    """Gives way to the event loop when enough has been done since the last time."""

    __slots__ = ("_since",)

    def __init__(self) -> None:
        self._since = perf_counter()

    async def give(self) -> None:
        """Let others have their turn, if it is time; call it after each step."""
        if perf_counter() - self._since > TURN:
            await asyncio.sleep(0)
            self._since = perf_counter()
