"""For reports of what may happen with each request: not more than one in a while."""

import time


class Seldom:
    """Says when the next report is due, `seconds` after the last one at the earliest."""

    def __init__(self, seconds: float = 60.0) -> None:
        self._seconds = seconds
        self._next = float("-inf")

    def is_due(self) -> bool:
        """Say whether to report now; if so, the next one is due later."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._seconds
        return True
