"""What a call has taken of its limits, in memory or in Redis."""

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from plugins.auth.limits.rules import Charge, Slot

MARGIN = 0.1
"""Seconds before the end of a window in Redis in which nothing is given back to it: its clock is
another one, and the window may have ended there."""


class Away(Exception):
    """Redis does not answer, and until it does, nothing is asked of it."""


class Standing(NamedTuple):
    """How a limit stands for a caller."""

    charge: Charge
    limit: int
    used: int
    ends: float
    """When it starts anew, on `time.monotonic`."""

    @property
    def remaining(self) -> int:
        """What is left of it."""
        return max(0, self.limit - self.used)

    @property
    def wait(self) -> float:
        """Seconds until it starts anew."""
        return max(0.0, self.ends - time.monotonic())

    def is_tighter(self, other: "Standing") -> bool:
        """Say whether less is left of this limit, or as little for a longer time."""
        if self.remaining != other.remaining:
            return self.remaining < other.remaining
        return self.ends > other.ends


class Taken:
    """Requests, reserved tokens and slots of one call, until they are settled."""

    __slots__ = ("is_settled", "lease", "slots", "standings", "tokens")

    def __init__(
        self, standings: Sequence[Standing], slots: Sequence[Slot], tokens: int, lease: str = ""
    ) -> None:
        self.standings = standings
        self.slots = slots
        self.tokens = tokens
        """Reserved of each limit of tokens."""
        self.lease = lease
        """The name of its slots in Redis; empty when all was taken in memory."""
        self.is_settled = False

    @property
    def is_open(self) -> bool:
        """Whether something must be settled: requests are final, tokens and slots are not."""
        return bool(self.slots) or any(each.charge.unit == "tokens" for each in self.standings)

    def differences(self, tokens: int) -> Iterator[tuple[Charge, int]]:
        """Yield what is to be counted, or given back, for a call that took `tokens` in the end.

        More is a debt, whenever it comes; less is given back only to the window that it was
        taken from.
        """
        more = tokens - self.tokens
        if not more:
            return
        now = time.monotonic() + (MARGIN if self.lease else 0)
        for standing in self.standings:
            if standing.charge.unit == "tokens" and (more > 0 or now < standing.ends):
                yield standing.charge, more
