"""One try of one host with one model."""

import asyncio
import time
from collections.abc import Callable

import pytest

from localai import (
    ContextTooLong,
    InvalidRequest,
    ModelNotFound,
    RateLimited,
    Unavailable,
    UpstreamBusy,
    UpstreamFailed,
    UpstreamInvalid,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from plugins.routing.hosts.attempt import Attempt, counts
from plugins.routing.hosts.breaker import Breaker, Terms
from plugins.routing.hosts.host import Host

BROKEN = UpstreamFailed("the runner stopped")


class Tried:
    """A host with a breaker that one failure opens, and what was told of the host."""

    def __init__(self) -> None:
        self.host = Host("http://box", "1")
        self.breaker = Breaker(Terms(in_a_row=1, first=0.0))
        self.told: list[str] = []

    def begin(self) -> Attempt:
        """Begin a try."""
        turn = self.breaker.begin(time.monotonic())
        assert turn
        return Attempt(
            self.host,
            self.breaker,
            turn,
            lambda host: self.told.append("up"),
            lambda host: self.told.append("down"),
        )

    @property
    def is_resting(self) -> bool:
        """Whether the model is not asked for."""
        return self.breaker.state(0.0) != "closed"


@pytest.mark.parametrize(
    "error",
    [
        BROKEN,
        UpstreamFailed("bad gateway", status=502),
        UpstreamInvalid("stopped in the middle"),
        UpstreamTimeout("no first token"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_rest_may_mend_counts(error: Exception) -> None:
    """Timeouts, broken answers and failures of the server speak against the model on the host."""
    tried = Tried()
    tried.begin().failed(error)
    assert counts(error)
    assert (tried.is_resting, tried.told) == (True, [])


@pytest.mark.parametrize(
    "error",
    [
        InvalidRequest("no"),
        ContextTooLong("no"),
        ModelNotFound("no"),
        RateLimited("no"),
        UpstreamBusy("server busy"),
        UpstreamFailed("teapot", status=418),
        Unavailable("gave up loading", code="load_canceled"),
        asyncio.CancelledError(),
        GeneratorExit(),
        RuntimeError("a bug"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_a_rest_can_not_mend_does_not(error: BaseException) -> None:
    """Errors of callers, a busy host, an end by the caller and our own bugs count for nothing."""
    tried = Tried()
    tried.begin().failed(error)
    assert not counts(error)
    assert (tried.is_resting, tried.told, tried.host.running) == (False, [], 0)


def test_a_host_that_is_not_there_is_down() -> None:
    """That speaks against the host, not against one of its models."""
    tried = Tried()
    tried.begin().failed(UpstreamUnreachable("away"))
    assert (tried.is_resting, tried.told) == (False, ["down"])


def test_an_answer_shows_that_a_host_is_up() -> None:
    """What goes well is told, and closes a breaker."""
    tried = Tried()
    tried.begin().failed(BROKEN)
    tried.begin().succeeded()
    assert (tried.is_resting, tried.told) == (False, ["up"])


ENDS: list[Callable[[Attempt], None]] = [
    Attempt.succeeded,
    Attempt.dropped,
    lambda attempt: attempt.failed(BROKEN),
    lambda attempt: attempt.failed(UpstreamUnreachable("away")),
]


@pytest.mark.parametrize("first", ENDS)
@pytest.mark.parametrize("second", ENDS)
def test_it_ends_once(first: Callable[[Attempt], None], second: Callable[[Attempt], None]) -> None:
    """While it runs the host counts it; what is said after its end changes nothing."""
    tried = Tried()
    attempt = tried.begin()
    assert tried.host.running == 1
    first(attempt)
    seen = (tried.is_resting, list(tried.told))
    second(attempt)
    assert (tried.is_resting, tried.told, tried.host.running) == (*seen, 0)


def test_a_caller_who_leaves_frees_the_probe() -> None:
    """A half-open breaker lets one through; when that one leaves, the next may try."""
    tried = Tried()
    tried.begin().failed(BROKEN)
    probe = tried.begin()
    assert not tried.breaker.admits(time.monotonic())
    probe.dropped()
    assert tried.breaker.admits(time.monotonic())
