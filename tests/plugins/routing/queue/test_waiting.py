"""People, batches and deadlines."""

import math
from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from plugins.routing.queue.entry import Entry
from plugins.routing.queue.waiting import Place, Waiting


def filled(people: int, batch: int, cost: float = 1, share: float = 0.1) -> Waiting:
    """Return a queue in which so many of each wait."""
    waiting = Waiting(share)
    for number in range(people):
        waiting.push(Entry(f"person {number % 3}", cost), 0.0)
    for _ in range(batch):
        waiting.push(Entry("job", cost, is_batch=True), 0.0)
    return waiting


def taken(waiting: Waiting, times: int) -> list[Entry]:
    """Take so many."""
    return [entry for _ in range(times) if (entry := waiting.pop()) is not None]


def test_people_go_first_and_batches_get_their_share() -> None:
    """While both wait, batches get one in ten, not before nine people have been served."""
    order = [entry.is_batch for entry in taken(filled(90, 90), 40)]
    assert order.index(True) == 9
    assert order.count(True) == 4


def test_a_costly_batch_waits_for_its_share() -> None:
    """A batch that costs as much as five people is taken after 45 of them."""
    waiting = filled(100, 0)
    waiting.push(Entry("job", 5, is_batch=True), 0.0)
    assert [entry.is_batch for entry in taken(waiting, 60)].index(True) == 45


def test_batches_get_everything_while_nobody_else_waits() -> None:
    """Without people, batches do not wait; and they are owed nothing for that time."""
    waiting = filled(0, 20)
    assert len(taken(waiting, 10)) == 10
    waiting.push(Entry("person", 1), 0.0)
    assert [entry.is_batch for entry in taken(waiting, 2)] == [False, True]


def test_what_is_overdue_is_taken_out_once() -> None:
    """An entry whose deadline has passed is given back once, and never served."""
    waiting = Waiting()
    late, other = Entry("me", 1, deadline=5.0), Entry("me", 1, deadline=9.0)
    gone = Entry("me", 1, deadline=4.0)
    for entry in (late, other, gone):
        waiting.push(entry, 0.0)
    waiting.remove(gone)
    assert list(waiting.overdue(4.9)) == []
    assert list(waiting.overdue(5.0)) == [late]
    assert taken(waiting, 3) == [other]
    assert list(waiting.overdue(math.inf)) == []


def test_notes_of_deadlines_stay_bounded() -> None:
    """Entries that came and went leave no deadlines behind."""
    waiting = Waiting()
    for _ in range(2_000):
        entry = Entry("me", 1, deadline=1e9)
        waiting.push(entry, 0.0)
        waiting.remove(entry)
    assert len(waiting._deadlines) < 100


def test_places_count_both_kinds() -> None:
    """A batch stands behind the people who are served before it, and those before some batches."""
    waiting = filled(30, 3)
    *people, first, second, _ = list(waiting)
    assert waiting.place(first) == Place(9, 9.0)
    assert waiting.place(second) == Place(19, 19.0)
    assert max(waiting.place(entry).ahead for entry in people) <= 32
    assert waiting.of("job") == 3
    assert waiting.work == 33


class Turns(RuleBasedStateMachine):
    """Comes, goes, waits and is served, in any order."""

    entries = Bundle("entries")

    def __init__(self) -> None:
        super().__init__()
        self.waiting = Waiting()
        self.now = 0.0
        self.ends: Counter[Entry] = Counter()
        self.made: list[Entry] = []
        self.left: set[Entry] = set()

    @rule(
        target=entries,
        key=st.sampled_from("abc"),
        cost=st.integers(1, 9),
        is_batch=st.booleans(),
        patience=st.sampled_from([1.0, 5.0, math.inf]),
    )
    def push(self, key: str, cost: int, is_batch: bool, patience: float) -> Entry:
        """Let one come."""
        entry = Entry(key, cost, is_batch=is_batch, deadline=self.now + patience)
        self.waiting.push(entry, self.now)
        self.made.append(entry)
        return entry

    @rule()
    def pop(self) -> None:
        """Serve the next one: nobody who has left."""
        entry = self.waiting.pop()
        if entry is not None:
            assert entry not in self.left
            self.ends[entry] += 1

    @rule(entry=consumes(entries))
    def leave(self, entry: Entry) -> None:
        """Let one leave."""
        if self.waiting.remove(entry):
            self.left.add(entry)
            self.ends[entry] += 1

    @rule(seconds=st.floats(0, 3))
    def time_passes(self, seconds: float) -> None:
        """Take out whoever has waited for too long."""
        self.now += seconds
        for entry in self.waiting.overdue(self.now):
            assert entry.deadline <= self.now
            self.ends[entry] += 1

    @invariant()
    def each_ends_once(self) -> None:
        """All that came either waits or has ended, once."""
        still = set(self.waiting)
        assert len(still) == len(self.waiting)
        assert all(entry.is_waiting for entry in still)
        assert all(self.ends[entry] == (entry not in still) for entry in self.made)

    @invariant()
    def places_are_in_the_queue(self) -> None:
        """No place is behind the end of the queue."""
        for entry in self.waiting:
            ahead, work = self.waiting.place(entry)
            assert 0 <= ahead < len(self.waiting)
            assert 0 <= work <= self.waiting.work + 1e-6


TestTurns = Turns.TestCase
TestTurns.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)
