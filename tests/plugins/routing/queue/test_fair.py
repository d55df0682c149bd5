"""The order among keys."""

from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule

from plugins.routing.queue.entry import Entry
from plugins.routing.queue.fair import Lane
from tests.pace import within
from tests.plugins.routing.queue.fluid import Fluid

WEIGHTS = {"a": 1, "b": 1, "c": 2, "d": 5}
COSTLIEST = 20


class Fair(RuleBasedStateMachine):
    """Drives a lane and the fluid beside each other."""

    entries = Bundle("entries")

    def __init__(self) -> None:
        super().__init__()
        self.lane = Lane()
        self.fluid = Fluid()
        self.waiting: list[Entry] = []

    @rule(
        target=entries,
        key=st.sampled_from(sorted(WEIGHTS)),
        costs=st.lists(st.integers(1, COSTLIEST), min_size=1, max_size=5),
    )
    def push(self, key: str, costs: list[int]) -> object:
        """Let entries come, all to be found again."""
        made = [Entry(key, cost, WEIGHTS[key]) for cost in costs]
        for entry in made:
            self.lane.push(entry)
            self.fluid.add(key, int(entry.cost), WEIGHTS[key])
        self.waiting += made
        return multiple(*made)

    @rule(times=st.integers(1, 6))
    def pop(self, times: int) -> None:
        """Take the next ones: the oldest of its key, never one twice."""
        for _ in range(times):
            entry = self.lane.pop()
            assert (entry is None) == (not self.waiting)
            if entry is None:
                return
            assert entry is next(each for each in self.waiting if each.key == entry.key)
            assert not entry.is_waiting
            self.waiting.remove(entry)
            self.fluid.serve(int(entry.cost))
            self.is_fair()

    @rule(entry=consumes(entries))
    def leave(self, entry: Entry) -> None:
        """Let one go that waits, or try to."""
        assert self.lane.remove(entry) == (entry in self.waiting)
        if entry in self.waiting:
            self.waiting.remove(entry)
            self.fluid.remove(entry.key, int(entry.cost))

    @invariant()
    def is_fair(self) -> None:
        """No key is behind the fluid by more than one entry."""
        for key in {entry.key for entry in self.waiting}:
            left = sum(entry.cost for entry in self.waiting if entry.key == key)
            assert left - self.fluid.left[key] <= COSTLIEST + 1e-6

    @invariant()
    def counts(self) -> None:
        """Nothing is lost, and places are within the queue."""
        assert self.lane.waiting == len(self.waiting)
        assert abs(self.lane.work - sum(each.cost for each in self.waiting)) < 1e-6
        for entry in self.waiting:
            ahead, work = self.lane.ahead(entry)
            assert 0 <= ahead < len(self.waiting)
            assert 0 <= work <= self.lane.work + 1e-6


TestFair = Fair.TestCase
TestFair.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)


def a_long_queue(keys: int, entries: int = 10_000) -> Lane:
    """Return a lane in which so many wait for so many keys."""
    lane, random = Lane(), Random(6)  # noqa: S311
    for number in range(entries):
        lane.push(Entry(f"key {number % keys}", random.uniform(1, 30)))
    return lane


@pytest.mark.parametrize("keys", [1, 100, 10_000])
def test_an_operation_among_ten_thousand_takes_microseconds(keys: int) -> None:
    """With 10,000 waiting, 1,000 times to push, remove, push and pop take 0.12 s at most."""
    lane = a_long_queue(keys)

    def change() -> None:
        for number in range(1000):
            one, other = (Entry(f"key {(number * 7) % keys}", 9) for _ in range(2))
            lane.push(one)
            lane.remove(one)
            lane.push(other)
            lane.pop()

    within(0.12, change)
    assert lane.waiting == 10_000


def test_memory_stays_bounded() -> None:
    """What came and went leaves no notes behind, whoever it was from."""
    lane = a_long_queue(10, 20)
    for number in range(20_000):
        lane.push(Entry(f"key {number % 7}", 1 + number % 5))
        lane.push(last := Entry(f"other {number}", 1))
        lane.pop()
        lane.remove(last)
        while lane.waiting > 20:
            lane.pop()
    assert lane.waiting < 50
    for notes in (lane._ready, lane._later, lane._ends):
        assert len(notes) < 3_000
    assert len(lane._flows) < 1_200


def test_a_key_saves_nothing_up() -> None:
    """Who comes after a long silence is served as one of two, not first for as long."""
    lane = Lane()
    for _ in range(50):
        lane.push(Entry("busy", 1))
    for _ in range(20):
        lane.pop()
    for _ in range(10):
        lane.push(Entry("late", 1))
    taken = [entry.key for _ in range(10) if (entry := lane.pop())]
    assert taken.count("late") == 5


def test_a_weight_is_a_share() -> None:
    """A key of weight 3 gets three times as much as one of weight 1."""
    lane = Lane()
    for _ in range(40):
        lane.push(Entry("one", 2, weight=1))
        lane.push(Entry("three", 2, weight=3))
    taken = [entry.key for _ in range(40) if (entry := lane.pop())]
    assert taken.count("three") == 30


def test_what_was_not_expected_is_paid() -> None:
    """A key whose answers take four times what was expected gets a quarter of the turns."""
    lane, turns = Lane(), {"long": 0, "short": 0}
    for _ in range(200):
        lane.push(Entry("long", 1))
        lane.push(Entry("short", 1))
    for _ in range(100):
        entry = lane.pop()
        assert entry is not None
        turns[entry.key] += 1
        lane.settle(entry, 1, 4 if entry.key == "long" else 1)
    assert abs(turns["long"] - 20) <= 2


def test_a_credit_is_for_who_is_ahead_only() -> None:
    """Less than expected brings the next turn nearer, and nothing to who has nothing waiting."""
    lane = Lane()
    for _ in range(100):
        lane.push(Entry("quick", 10))
        lane.push(Entry("other", 10))
    turns = {"quick": 0, "other": 0}
    for _ in range(60):
        entry = lane.pop()
        assert entry is not None
        turns[entry.key] += 1
        lane.settle(entry, 10, 5 if entry.key == "quick" else 10)
    assert abs(turns["quick"] - 40) <= 3
    alone = Entry("alone", 10)
    lane.settle(alone, 10, 1)
    assert "alone" not in lane._flows


def test_places_are_exact_for_one_key() -> None:
    """For who is alone, the place of each entry is its true one."""
    lane = Lane()
    entries = [Entry("me", cost) for cost in (5, 1, 9, 3, 2)]
    for entry in entries:
        lane.push(entry)
    assert [lane.ahead(entry) for entry in entries] == [(0, 0), (1, 5), (2, 6), (3, 15), (4, 18)]


@pytest.mark.parametrize("seed", range(5))
def test_places_are_near_the_truth(seed: int) -> None:
    """The cost before an entry is off by one of each other key and itself as often, at most."""
    lane, random = Lane(), Random(seed)  # noqa: S311
    keys = {f"key {number}": random.uniform(1, 5) for number in range(4)}
    entries = [Entry(key, cost) for key, cost in keys.items() for _ in range(random.randint(1, 9))]
    random.shuffle(entries)
    for entry in entries:
        lane.push(entry)
    told = {id(entry): lane.ahead(entry)[1] for entry in entries}
    done = 0.0
    for _ in entries:
        taken = lane.pop()
        assert taken is not None
        assert abs(told[id(taken)] - done) <= sum(keys.values()) + 2 * taken.cost
        done += taken.cost


def test_the_first_wanted_one_is_taken() -> None:
    """Who does not want the first one gets the next, and the first one stays first."""
    lane = Lane()
    for key in ("a", "b", "c"):
        lane.push(Entry(key, 1))
    assert (found := lane.pop(lambda entry: entry.key == "b")) is not None
    assert found.key == "b"
    assert lane.pop(lambda entry: False) is None
    assert (first := lane.peek()) is not None
    assert first.key == "a"
    assert lane.pop() is first
