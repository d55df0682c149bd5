"""How long to wait before asking again."""

import random
from collections.abc import Callable

from msgspec import Struct

from localai import GatewayError, UpstreamUnreachable


class Backoff(Struct, frozen=True, kw_only=True):
    """Exponential backoff with full jitter, which spreads those best who failed together.

    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """

    base: float = 0.25
    """Seconds that the first wait takes at most; each further one may take twice as long."""
    longest: float = 4.0
    """Seconds that any wait takes at most."""

    def delay(
        self, tries: int, error: GatewayError, chance: Callable[[], float] = random.random
    ) -> float | None:
        """Return the seconds to wait after so many tries that failed, the last one by this error.

        What the other side says in `retry_after` is the least; `None` if that is too long to wait.
        """
        jitter = min(self.longest, self.base * 2.0 ** min(tries - 1, 32)) * chance()
        # No host has said anything where none could be reached: that is the router's own guess.
        told = 0.0 if isinstance(error, UpstreamUnreachable) else error.retry_after or 0.0
        return None if told > self.longest else told + jitter
