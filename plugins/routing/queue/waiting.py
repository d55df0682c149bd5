"""What waits for one model: people first, batches with a share of their own, nothing for too long.

While both wait, batches get `batch_share` of what is served, counted by cost, and no more; that
is what keeps them from starving. While nobody else waits they get all.
"""

import math
from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from plugins.routing.queue.entry import Entry
from plugins.routing.queue.fair import SLACK, STALE, Lane


class Place(NamedTuple):
    """Where an entry stands: what is taken before it, as far as is known now."""

    ahead: int
    """Entries."""
    work: float
    """Their cost, in seconds of a slot."""


class Waiting:
    """The entries of a model, in the order in which they are taken. No clock of its own."""

    def __init__(self, batch_share: float = 0.1) -> None:
        self._people = Lane()
        self._batch = Lane()
        self._ratio = batch_share / (1.0 - batch_share)
        self._owed = 0.0
        """Cost that batches have to get before the next person, if it is enough for one."""
        self._deadlines: list[tuple[float, int, Entry]] = []
        self._pushed = 0

    def __len__(self) -> int:
        return self._people.waiting + self._batch.waiting

    @property
    def work(self) -> float:
        """Cost of all that waits."""
        return self._people.work + self._batch.work

    def __iter__(self) -> Iterator[Entry]:
        yield from self._people.entries()
        yield from self._batch.entries()

    def of(self, key: str) -> int:
        """Return how many entries of a key wait."""
        return self._people.of(key) + self._batch.of(key)

    def push(self, entry: Entry, now: float) -> None:
        """Let an entry wait."""
        entry.since = now
        self._lane(entry).push(entry)
        if entry.deadline < math.inf:
            self._pushed += 1
            heappush(self._deadlines, (entry.deadline, self._pushed, entry))
            if len(self._deadlines) > 2 * len(self) + STALE:
                self._deadlines = [each for each in self._deadlines if each[2].is_waiting]
                heapify(self._deadlines)

    def pop(self, wanted: Callable[[Entry], bool] | None = None) -> Entry | None:
        """Take the next entry, of those that are `wanted` if that is given."""
        people, batch = self._people, self._batch
        if not batch.waiting or not people.waiting:
            self._owed = 0.0
            return (people if people.waiting else batch).pop(wanted)
        first = batch.peek(wanted)
        if first is not None and first.cost <= self._owed * (1 + SLACK):
            self._owed -= first.cost
            return batch.pop(wanted)
        entry = people.pop(wanted)
        if entry is None:
            return batch.pop(wanted)
        self._owed += entry.cost * self._ratio
        return entry

    def remove(self, entry: Entry) -> bool:
        """Take out an entry that is not to be served; say whether it was there."""
        return self._lane(entry).remove(entry)

    def settle(self, entry: Entry, expected: float, cost: float) -> None:
        """Say what an entry that does not wait really cost, in place of what it was taken for."""
        self._lane(entry).settle(entry, expected, cost)

    def overdue(self, now: float) -> Iterator[Entry]:
        """Take out the entries whose deadline has passed, and yield them."""
        deadlines = self._deadlines
        while deadlines and (deadlines[0][0] <= now or not deadlines[0][2].is_waiting):
            entry = heappop(deadlines)[2]
            if self.remove(entry):
                yield entry

    def place(self, entry: Entry) -> Place:
        """Return what is taken before an entry that waits."""
        own, other = self._people, self._batch
        ratio = self._ratio
        if entry.is_batch:
            own, other, ratio = other, own, 1.0 / ratio if ratio else math.inf
        ahead, work = own.ahead(entry)
        if other.waiting:
            # batches go after what people take: before this one, with it if it is a batch itself
            beside = (work + entry.cost) * ratio if entry.is_batch else work * ratio
            between = min(other.work, beside)
            ahead += round(other.waiting * between / other.work) if other.work else other.waiting
            work += between
        return Place(ahead, work)

    def _lane(self, entry: Entry) -> Lane:
        return self._batch if entry.is_batch else self._people
