"""Stop asking what keeps failing, and find out with one question whether it is well again.

A breaker is *closed* while all is well and everybody may ask; *open* while nobody may; and then
*half-open*: one may, and what becomes of that probe closes or opens it. Pure: the clock comes in
with each call, as seconds of a clock that never goes back.
"""

import random
from collections.abc import Callable
from typing import Literal

from localai import Value
from plugins.routing.window import Window

JITTER = 0.25
"""Part of the time open by which chance changes it, so that not all breakers probe at once."""

State = Literal["closed", "open", "half-open"]


class Terms(Value, frozen=True, kw_only=True):
    """When a breaker opens, and for how long: the figures that Envoy and Hystrix begin with."""

    rate: float = 0.5
    """Part of the calls within the window that fail, from which on it opens."""
    least: int = 10
    """Calls within the window below which the rate means nothing."""
    window: float = 30.0
    """Seconds that are looked back."""
    in_a_row: int = 3
    """Failures without a success between them that open it at once, however slowly they come."""
    first: float = 5.0
    """Seconds open, the first time."""
    longest: float = 60.0
    """Seconds open at most: each time it is twice as long, until it has been well for this long."""


DEFAULTS = Terms()


class Breaker:
    """The state of one thing that may fail.

    Whoever wants to ask it calls `begin`, and ends with `succeeded`, `failed` or `released`, once,
    with the turn that `begin` gave. Calls that began before the state changed say nothing about
    the state now: their ends change nothing.
    """

    __slots__ = (
        "_chance",
        "_is_open",
        "_openings",
        "_probe",
        "_row",
        "_terms",
        "_turn",
        "_well_since",
        "_window",
        "retry_at",
    )

    def __init__(
        self, terms: Terms = DEFAULTS, *, chance: Callable[[], float] = random.random
    ) -> None:
        self._terms = terms
        self._chance = chance
        self._window = Window(terms.window)
        self._row = 0
        self._turn = 1
        """Counts the changes of state; those who began in the same one have the same turn."""
        self._is_open = False
        self._probe = False
        self._openings = 0
        self._well_since = 0.0
        self.retry_at = 0.0
        """When it lets a probe through; 0 while it is closed."""

    def state(self, now: float) -> State:
        """Return the state; half-open lasts from the end of the time open to the probe's end."""
        if not self._is_open:
            return "closed"
        return "half-open" if now >= self.retry_at else "open"

    def admits(self, now: float) -> bool:
        """Say whether `begin` would let somebody through."""
        return not self._is_open or (now >= self.retry_at and not self._probe)

    def begin(self, now: float) -> int:
        """Let somebody through: return the turn to end with, or 0 for no."""
        if self._is_open:
            if self._probe or now < self.retry_at:
                return 0
            self._probe = True
            self._turn += 1
        return self._turn

    def succeeded(self, now: float, turn: int) -> None:
        """Note that all went well."""
        if turn != self._turn:
            return
        if self._is_open:
            self._close(now)
        else:
            self._row = 0
            self._window.add(now)

    def failed(self, now: float, turn: int) -> None:
        """Note a failure, of the kind that a rest may mend."""
        if turn != self._turn:
            return
        if self._is_open:
            self._open(now)
            return
        self._row += 1
        self._window.add(now, of_kind=1)
        terms, (calls, failures) = self._terms, self._window.totals(now)
        is_failing = calls >= terms.least and failures >= terms.rate * calls
        if is_failing or self._row >= terms.in_a_row:
            if now - self._well_since >= terms.longest:
                self._openings = 0
            self._open(now)

    def released(self, turn: int) -> None:
        """Note an end that says nothing, such as a caller who left; a probe is free again."""
        if turn == self._turn and self._probe:
            self._probe = False
            self._turn += 1

    def _open(self, now: float) -> None:
        terms = self._terms
        seconds = min(terms.longest, terms.first * 2.0 ** min(self._openings, 32))
        self.retry_at = now + seconds * (1 - JITTER + 2 * JITTER * self._chance())
        self._is_open, self._probe = True, False
        self._openings += 1
        self._turn += 1

    def _close(self, now: float) -> None:
        self._is_open, self._probe = False, False
        self._window.clear()
        self._row = 0
        self._well_since = now
        self.retry_at = 0.0
        self._turn += 1
