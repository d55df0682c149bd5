"""Rests for what keeps failing."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from plugins.routing.hosts.breaker import JITTER, Breaker, Terms
from plugins.routing.window import SLICES
from tests.pace import within

TERMS = Terms(rate=0.5, least=4, window=10.0, in_a_row=3, first=5.0, longest=60.0)


def a_breaker(chance: float = 0.5, terms: Terms = TERMS) -> Breaker:
    """Return a breaker; with a chance of a half, times are just as long as the terms say."""
    return Breaker(terms, chance=lambda: chance)


def ask(breaker: Breaker, now: float, *, well: bool) -> bool:
    """Ask once, if the breaker admits it; say whether it did."""
    turn = breaker.begin(now)
    if turn:
        (breaker.succeeded if well else breaker.failed)(now, turn)
    return turn != 0


def opened(breaker: Breaker, now: float = 0.0) -> Breaker:
    """Return the breaker after as many failures as open it."""
    for _ in range(TERMS.in_a_row):
        ask(breaker, now, well=False)
    assert breaker.state(now) == "open"
    return breaker


def test_failures_in_a_row_open_it_however_slowly_they_come() -> None:
    """Three hangs of a minute each are enough, though the window has forgotten the first."""
    breaker = a_breaker()
    for now in (0, 100, 200):
        assert breaker.state(now) == "closed"
        ask(breaker, now, well=False)
    assert breaker.state(200) == "open"


def test_half_of_enough_calls_failing_opens_it() -> None:
    """Failures between successes count by their rate, once there are enough calls."""
    breaker = a_breaker()
    for well in (True, False, True):
        ask(breaker, 0, well=well)
    assert breaker.state(0) == "closed"
    ask(breaker, 0, well=False)
    assert breaker.state(0) == "open"


def test_what_is_older_than_the_window_is_forgotten() -> None:
    """Two failures a while ago and two now are not half of all calls of late."""
    breaker = a_breaker()
    for well in (False, False, True):
        ask(breaker, 0, well=well)
    for well in (True, True, True, False, False):
        ask(breaker, 11, well=well)
    assert breaker.state(11) == "closed"


def test_it_admits_nobody_until_its_time_and_then_one() -> None:
    """The second one to ask while the probe is out is refused."""
    breaker = opened(a_breaker())
    assert breaker.retry_at == 5.0
    assert not breaker.begin(4.9)
    assert breaker.admits(5.0)
    assert breaker.begin(5.0)
    assert not breaker.admits(5.0)
    assert not breaker.begin(6.0)


def test_the_probe_decides() -> None:
    """A good one closes it with nothing held against it, a bad one opens it for twice as long."""
    good = opened(a_breaker())
    assert ask(good, 5, well=True)
    assert (good.state(5), good.retry_at) == ("closed", 0.0)
    ask(good, 5, well=False)
    assert good.state(5) == "closed"
    bad = opened(a_breaker())
    assert ask(bad, 5, well=False)
    assert (bad.state(5), bad.retry_at) == ("open", 15.0)


def test_a_probe_without_a_verdict_frees_its_place() -> None:
    """A caller who leaves neither closes the breaker nor keeps the next one from probing."""
    breaker = opened(a_breaker())
    turn = breaker.begin(5)
    breaker.released(turn)
    assert breaker.state(5) == "half-open"
    second = breaker.begin(5)
    assert second
    breaker.released(turn)  # again: it is not its place any more
    assert not breaker.admits(5)
    breaker.succeeded(5, second)
    assert breaker.state(5) == "closed"


@pytest.mark.parametrize("well", [True, False])
def test_those_who_began_before_it_opened_change_nothing(well: bool) -> None:
    """A late end neither closes the breaker, nor opens it longer, nor frees the probe's place."""
    breaker = a_breaker()
    late = [breaker.begin(0) for _ in range(3)]
    opened(breaker)
    probe = breaker.begin(5)
    (breaker.succeeded if well else breaker.failed)(5, late[0])
    breaker.released(late[1])
    assert not breaker.admits(5)
    breaker.succeeded(5, probe)
    (breaker.succeeded if well else breaker.failed)(5, late[2])
    assert breaker.state(5) == "closed"


def test_it_rests_longer_each_time_up_to_a_bound_until_it_was_well_for_long() -> None:
    """5, 10, 20, 40, 60, 60 seconds; and 5 again after a minute without a fault."""
    breaker = opened(a_breaker())
    now, rests = 0.0, []
    for _ in range(6):
        rests.append(breaker.retry_at - now)
        now = breaker.retry_at
        ask(breaker, now, well=False)
    assert rests == [5, 10, 20, 40, 60, 60]
    now = breaker.retry_at
    ask(breaker, now, well=True)
    opened(breaker, now + 59)
    assert breaker.retry_at == now + 59 + 60
    now = breaker.retry_at
    ask(breaker, now, well=True)
    opened(breaker, now + 60)
    assert breaker.retry_at == now + 60 + 5


@given(chance=st.floats(0, 1, exclude_max=True), failures=st.integers(0, 5_000))
def test_its_rests_are_bounded_whatever_chance_says(chance: float, failures: int) -> None:
    """Between three quarters of the first rest and five quarters of the longest."""
    breaker = opened(a_breaker(chance))
    now = 0.0
    for _ in range(min(failures, 50)):
        now = breaker.retry_at
        ask(breaker, now, well=False)
    rest = breaker.retry_at - now
    assert TERMS.first * (1 - JITTER) * 0.999 <= rest <= TERMS.longest * (1 + JITTER) * 1.001


def test_it_costs_next_to_nothing() -> None:
    """A call through a closed breaker takes a few microseconds."""
    breaker = a_breaker()

    def thousand() -> None:
        for number in range(1000):
            ask(breaker, number * 0.01, well=True)

    within(0.015, thousand)


@dataclass
class Plain:
    """The same, with all that ever happened in lists and no care for cost."""

    ends: list[tuple[int, bool]] = field(default_factory=list)
    """Of this closed time: the slice of the window, and whether it failed."""
    open_until: float | None = None
    openings: int = 0
    probe: object = None
    closed: list[object] = field(default_factory=list)
    """Those who began in this closed time."""
    well_since: float = 0.0

    def begin(self, now: float, who: object) -> bool:
        """Let somebody through, or not."""
        if self.open_until is None:
            self.closed.append(who)
            return True
        if self.probe is not None or now < self.open_until:
            return False
        self.probe = who
        return True

    def end(self, now: float, who: object, well: bool | None) -> None:
        """Note how it went for somebody; `None` says nothing."""
        if who is self.probe:
            self.probe = None
            if well:
                self.open_until, self.ends, self.closed = None, [], []
                self.well_since = now
            elif well is False:
                self.open(now)
        elif self.open_until is None and any(who is each for each in self.closed):
            self.closed = [each for each in self.closed if each is not who]
            if well is None:
                return
            current = int(now / (TERMS.window / SLICES))
            self.ends.append((current, not well))
            recent = [failed for slice, failed in self.ends if slice > current - SLICES]
            row = [failed for _, failed in self.ends][-TERMS.in_a_row :]
            often = len(recent) >= TERMS.least and sum(recent) >= TERMS.rate * len(recent)
            if not well and (often or (len(row) == TERMS.in_a_row and all(row))):
                if now - self.well_since >= TERMS.longest:
                    self.openings = 0
                self.open(now)

    def open(self, now: float) -> None:
        """Rest for a while."""
        self.open_until = now + min(TERMS.longest, TERMS.first * 2**self.openings)
        self.openings += 1
        self.closed = []


class Machine(RuleBasedStateMachine):
    """Whatever callers do, the breaker does what the plain one does."""

    running = Bundle("running")

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.breaker = a_breaker()
        self.plain = Plain()

    @rule(seconds=st.sampled_from([0.1, 1.0, 5.0, 11.0, 60.0, 1000.0]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    @rule(target=running)
    def begin(self) -> tuple[int, object]:
        """Somebody wants to ask; both let them, or neither does."""
        who = object()
        turn = self.breaker.begin(self.now)
        assert bool(turn) == self.plain.begin(self.now, who)
        return turn, who

    @rule(one=consumes(running), well=st.sampled_from([True, False, False, None]))
    def end(self, one: tuple[int, object], well: bool | None) -> None:
        """Somebody has asked, with one end or another."""
        turn, who = one
        self.plain.end(self.now, who, well)
        if not turn:
            return
        if well is None:
            self.breaker.released(turn)
        elif well:
            self.breaker.succeeded(self.now, turn)
        else:
            self.breaker.failed(self.now, turn)

    @invariant()
    def same(self) -> None:
        """Both are open, until the same time, and let the next one through or not."""
        until = self.plain.open_until
        assert (self.breaker.state(self.now) == "closed") == (until is None)
        assert self.breaker.retry_at == pytest.approx(until or 0.0)
        admitted = until is None or (self.now >= until and self.plain.probe is None)
        assert self.breaker.admits(self.now) == admitted


TestMachine = Machine.TestCase
