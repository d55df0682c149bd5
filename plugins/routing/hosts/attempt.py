"""One try of one host with one model, from its begin to its end."""

import time
from collections.abc import Callable

from localai import UpstreamFailed, UpstreamUnreachable
from plugins.routing.hosts.breaker import Breaker
from plugins.routing.hosts.host import Host


class Attempt:
    """Ends once; what is said after that changes nothing, so that a `finally` may say it too.

    A host that can't be reached is down: that says nothing of its model. Against the model count
    timeouts, answers that break, and failures with a status of 500 and more. What counts for
    nothing: errors that the caller must mend, a host that is busy, and callers who leave.
    """

    __slots__ = ("_breaker", "_down", "_ended", "_turn", "_up", "host")

    def __init__(
        self,
        host: Host,
        breaker: Breaker,
        turn: int,
        up: Callable[[Host], None],
        down: Callable[[Host], None],
    ) -> None:
        self.host = host
        self._breaker = breaker
        self._turn = turn
        self._up = up
        self._down = down
        self._ended = False
        host.running += 1

    def succeeded(self) -> None:
        """The answer is whole."""
        if self._end():
            self._up(self.host)
            self._breaker.succeeded(time.monotonic(), self._turn)

    def failed(self, error: BaseException) -> None:
        """It ended with an error."""
        if not self._end():
            return
        if counts(error):
            self._breaker.failed(time.monotonic(), self._turn)
            return
        self._breaker.released(self._turn)
        if isinstance(error, UpstreamUnreachable):
            self._down(self.host)

    def dropped(self) -> None:
        """The caller left."""
        if self._end():
            self._breaker.released(self._turn)

    def _end(self) -> bool:
        if self._ended:
            return False
        self._ended = True
        self.host.running -= 1
        return True


def counts(error: BaseException) -> bool:
    """Say whether an error speaks against the model on that host."""
    return isinstance(error, UpstreamFailed) and error.status >= 500
