"""Counters in memory against a simple model of them."""

import itertools
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from plugins.auth.limits import memory
from plugins.auth.limits.memory import SCHEME, BoundedMemory, Window
from tests.pace import within

MAX_KEYS = 4
KEYS = st.sampled_from("abcdef")
SECONDS = {"a": 10, "b": 10, "c": 10, "d": 60, "e": 60, "f": 3600}


class Clock(SimpleNamespace):
    """A monotonic clock and a wall clock, each of which a test may set."""

    now: float
    wall: float

    def monotonic(self) -> float:
        """Return the time since some moment."""
        return self.now

    def time(self) -> float:
        """Return the time that people have."""
        return self.wall


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    """A clock that stands still unless the test moves it."""
    made = Clock(now=1000.0, wall=2_000_000.0)
    monkeypatch.setattr(memory, "time", made)
    return made


class Machine(RuleBasedStateMachine):
    """Does the same to the storage and to a list of counters, on a clock of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock(now=1000.0, wall=0.0)
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(memory, "time", self.clock)
        self.storage = BoundedMemory(max_keys=MAX_KEYS)
        self.model: dict[str, Window] = {}
        """By key, the least recently used first: count and end."""
        self.evictions = 0

    def teardown(self) -> None:
        """Give the module its clock back."""
        self._patch.undo()

    def runs(self, key: str) -> bool:
        """Say whether the model has a window that has not ended."""
        return key in self.model and self.model[key].ends > self.clock.now

    @rule(seconds=st.sampled_from([0.0, 0.5, 9.5, 10, 61, 3600]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.now += seconds

    @rule(seconds=st.floats(-1e6, 1e6))
    def set_the_wall_clock(self, seconds: float) -> None:
        """Turn the hands of the clock that people have."""
        self.clock.wall += seconds

    @rule(key=KEYS, amount=st.integers(-5, 5))
    def add(self, key: str, amount: int) -> None:
        """Count, or give back."""
        window = self.storage.add(key, SECONDS[key], amount)
        if not self.runs(key):
            if amount <= 0:
                assert window.used == 0
                return
            self.begin(key)
        used, ends = self.model.pop(key)
        assert window == Window(max(0, used + amount), ends)
        if used + amount > 0:
            self.model[key] = Window(used + amount, ends)

    def begin(self, key: str) -> None:
        """Begin a window in the model, another one out if it is full."""
        self.model.pop(key, None)
        # What the storage has dropped of its own accord had ended.
        for other in [other for other in self.model if other not in self.storage._counters]:
            if not self.runs(other):
                del self.model[other]
        if len(self.model) >= MAX_KEYS:
            ended = [other for other in self.model if not self.runs(other)]
            if ended:
                gone = [other for other in ended if other not in self.storage._counters]
                assert len(gone) == 1
                del self.model[gone[0]]
            else:
                del self.model[next(iter(self.model))]
                self.evictions += 1
        self.model[key] = Window(0, self.clock.now + SECONDS[key])

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        """Look at a counter, which does not use it."""
        running = self.runs(key)
        used, ends = self.model[key] if running else (0, self.clock.now)
        assert self.storage.get(key) == used
        assert self.storage.get_expiry(key) == pytest.approx(
            self.clock.wall + ends - self.clock.now
        )

    @rule(key=KEYS)
    def clear(self, key: str) -> None:
        """Forget a counter."""
        self.storage.clear(key)
        self.model.pop(key, None)

    @rule()
    def reset(self) -> None:
        """Forget all."""
        assert self.storage.reset() >= sum(self.runs(key) for key in self.model)
        self.model.clear()

    @invariant()
    def it_is_bounded(self) -> None:
        """It never holds more than it may."""
        assert len(self.storage) <= MAX_KEYS
        assert sum(map(len, self.storage._ages.values())) == len(self.storage)

    @invariant()
    def it_equals_the_model(self) -> None:
        """Whatever has not ended is there, with the same count and end, and no other went."""
        running = {key: window for key, window in self.model.items() if self.runs(key)}
        found = {key: self.storage.look(key) for key in SECONDS}
        assert {key: window for key, window in found.items() if window} == running
        assert self.storage.evictions == self.evictions


TestBoundedMemory = Machine.TestCase
TestBoundedMemory.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("jump", [-1e9, -3600.0, 3600.0, 1e9])
def test_the_wall_clock_neither_opens_nor_locks(clock: Clock, jump: float) -> None:
    """A window lasts its time whatever happens to the clock that people have."""
    storage = BoundedMemory()
    storage.add("a", 60, 5)
    clock.wall += jump
    clock.now += 59.9
    assert storage.add("a", 60, 1).used == 6
    assert storage.get_expiry("a") == pytest.approx(clock.wall + 0.1)
    clock.now += 0.1
    assert storage.add("a", 60, 1).used == 1


def test_what_has_ended_goes_before_what_is_in_use(clock: Clock) -> None:
    """A new counter takes the place of an ended one, though another was idle for longer."""
    storage = BoundedMemory(max_keys=2)
    storage.add("long", 3600, 1)
    storage.add("short", 10, 1)
    clock.now += 11
    storage.add("new", 60, 1)
    assert (storage.get("long"), storage.get("new"), storage.evictions) == (1, 1, 0)
    storage.add("newer", 60, 1)
    assert (storage.get("long"), storage.get("new"), storage.evictions) == (0, 1, 1)


def test_what_is_given_back_opens_no_window(clock: Clock) -> None:
    """A refund that comes after its window makes no credit, and none goes below 0."""
    storage = BoundedMemory()
    storage.add("a", 60, 5)
    clock.now += 60
    assert storage.add("a", 60, -5).used == 0
    assert storage.add("a", 60, 2).used == 2
    assert storage.add("a", 60, -5).used == 0
    assert storage.add("a", 60, 1).used == 1


def test_ended_counters_go_without_a_thread(clock: Clock) -> None:
    """Each new counter takes two ended ones with it, so they do not pile up."""
    storage = BoundedMemory()
    for number in range(1000):
        storage.add(f"old-{number}", 60, 1)
    clock.now += 60
    for number in range(500):
        storage.add(f"new-{number}", 60, 1)
    assert len(storage) == 500


def test_it_is_a_storage_of_limits() -> None:
    """The library makes it by its scheme, and its own strategy counts with it."""
    storage = storage_from_string(f"{SCHEME}://", max_keys=10)
    assert isinstance(storage, BoundedMemory)
    assert storage.check()
    strategy, rate = FixedWindowRateLimiter(storage), parse("3/minute")
    assert [strategy.hit(rate, "a") for _ in range(4)] == [True, True, True, False]
    assert strategy.hit(rate, "a", cost=-2)
    assert strategy.test(rate, "a")
    reset, remaining = strategy.get_window_stats(rate, "a")
    assert remaining == 1
    assert reset - time.time() == pytest.approx(60, abs=1)
    strategy.clear(rate, "a")
    assert strategy.get_window_stats(rate, "a").remaining == 3


def test_a_hit_costs_the_same_among_many() -> None:
    """With 100,000 counters, a hit and a new counter take microseconds, also when it is full."""
    storage = BoundedMemory(max_keys=100_000)
    for number in range(100_000):
        storage.add(str(number), 60 if number % 2 else 3600, 1)
    numbers = itertools.count()

    def hits() -> None:
        for number in itertools.islice(numbers, 10_000):
            storage.add(str(number), 60, 1)
            storage.add(f"new-{number}", 60, 1)

    within(20_000 * 50e-6, hits)
    assert len(storage) == 100_000
