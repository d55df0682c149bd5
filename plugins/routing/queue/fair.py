"""Who is next among keys: worst-case fair weighted queueing (WF²Q; Bennett and Zhang, 1996).

Beside the real queue runs a fluid that serves all keys with waiting entries at once, each by its
weight. Of the entries that the fluid has begun with, that one is next which it finishes first. So,
counted by what was taken, no key is behind the fluid by more than the costliest single entry
(Parekh and Gallager, 1993), and none is ahead by more than one of its own. A key that has nothing
waiting saves nothing up.

All is pure: no clock, no I/O. Each operation takes O(log n) of n keys, amortised.
"""

from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush

from plugins.routing.queue.entry import Entry
from plugins.routing.queue.flow import Flow
from plugins.routing.queue.ranks import Ranks

SLACK = 1e-9
"""Rounding of virtual times, as a part of them."""
STALE = 64
"""Stale notes that a heap may hold besides as many as there are flows."""
PASSED_OVER = 8
"""Keys that `pop` asks about at most, when its caller does not want the first one."""

FORGET = 1_000
"""Keys with nothing waiting that are remembered, because they are ahead of their share, besides as
many as have something waiting."""

_Note = tuple[float, int, Flow, int]
"""A place; the oldest entry's number, flow and version of the flow when it had that place."""


class Lane:
    """Waiting entries in their fair order. `push`, `pop` and `remove` are all that changes it."""

    def __init__(self) -> None:
        self.waiting = 0
        self.work = 0.0
        """Cost of all that waits."""
        self.now = 0.0
        """The virtual time."""
        self._flows: dict[str, Flow] = {}
        self._weights = 0.0
        """Of all flows in the fluid."""
        self._ends: list[tuple[float, int, Flow]] = []
        """When the fluid is through with each flow."""
        self._ready: list[_Note] = []
        """Flows that the fluid has begun with, by when it finishes their oldest entry."""
        self._later: list[_Note] = []
        """Flows that are ahead of their share, by when the fluid begins with them."""
        self._notes = 0
        self._entries = 0
        self._ranks: Ranks | None = None
        self._changes = 0

    def entries(self) -> Iterator[Entry]:
        """Yield what waits, key by key."""
        for flow in self._flows.values():
            yield from flow.entries

    def of(self, key: str) -> int:
        """Return how many entries of a key wait."""
        flow = self._flows.get(key)
        return len(flow.entries) if flow is not None else 0

    def push(self, entry: Entry) -> None:
        """Let an entry wait. Its weight counts if its key has nothing waiting."""
        flow = self._flow(entry.key, entry.weight)
        flow.append(entry, self.now)
        self._entries += 1
        entry.order = self._entries
        entry.is_waiting = True
        self.waiting += 1
        self.work += entry.cost
        self._flood(flow)
        self._place(flow)

    def pop(self, wanted: Callable[[Entry], bool] | None = None) -> Entry | None:
        """Take the next entry, or the first one that is `wanted` of the next few keys."""
        flow = self._find(wanted)
        return self._take(flow) if flow is not None else None

    def peek(self, wanted: Callable[[Entry], bool] | None = None) -> Entry | None:
        """Return what `pop` would take."""
        flow = self._find(wanted)
        return flow.head if flow is not None else None

    def remove(self, entry: Entry) -> bool:
        """Take out an entry that is not to be served; say whether it was there."""
        if not entry.is_waiting:
            return False
        self._leave(entry)
        flow = self._flows[entry.key]
        flow.remove(entry, self.now)
        self._flood(flow)
        self._place(flow)
        return True

    def settle(self, entry: Entry, expected: float, cost: float) -> None:
        """Say what an entry that does not wait really cost, so that its key pays that.

        What was expected too much comes back only while the key is ahead of its share.
        """
        flow = self._flow(entry.key, entry.weight)
        owed = (cost - expected) / flow.weight
        if owed > 0:
            flow.end = max(flow.end, self.now) + owed
        elif flow.end > self.now:
            flow.end = max(self.now, flow.end + owed)
        self._flood(flow)
        self._place(flow)

    def ahead(self, entry: Entry) -> tuple[int, float]:
        """Return about how many entries are taken before one that waits, and their cost.

        Exact for one key, while nothing comes. For each other key of the same weight, the cost is
        off by an entry of that key and this one together at most. What other keys have waiting is
        a sixteenth of the queue old at most, and extrapolated if they are more than `ranks.MOST`.
        """
        flow = self._flows[entry.key]
        count, work = flow.ahead(entry)
        finish = flow.start + (work + entry.cost) / flow.weight
        ranks = self._ranks
        if ranks is None or self._changes * 16 > self.waiting:
            ranks = self._ranks = Ranks(list(self._flows.values()))
            self._changes = 0
        others, cost = ranks.before(finish, but=entry.key)
        most = max(self.work - entry.cost, 0.0)
        return min(int(count + others + 0.5), self.waiting - 1), min(work + cost, most)

    def _flow(self, key: str, weight: float) -> Flow:
        flow = self._flows.get(key)
        if flow is None:
            if len(self._flows) > 2 * self.waiting + FORGET:
                for each in [each for each in self._flows.values() if not each.entries]:
                    self._lose(each)
            flow = self._flows[key] = Flow(key, weight, self.now)
        elif not flow.entries and flow.weight != weight:
            if flow.in_fluid:
                self._weights += weight - flow.weight
                flow.end = self.now + (flow.end - self.now) * flow.weight / weight
            flow.weight = weight
        return flow

    def _find(self, wanted: Callable[[Entry], bool] | None) -> Flow | None:
        self._promote()
        seen: list[_Note] = []
        found: Flow | None = None
        while found is None and len(seen) < PASSED_OVER and (note := self._next()) is not None:
            seen.append(note)
            if wanted is None or wanted(note[2].head):
                found = note[2]
        for note in seen:
            heappush(self._ready, note)
        return found

    def _take(self, flow: Flow) -> Entry:
        entry = flow.take()
        self._leave(entry)
        self._place(flow)
        self._advance(entry.cost)
        return entry

    def _leave(self, entry: Entry) -> None:
        entry.is_waiting = False
        self.waiting -= 1
        self.work = self.work - entry.cost if self.waiting else 0.0

    def _next(self) -> _Note | None:
        """Return the next flow's note, out of its heap."""
        for heap in (self._ready, self._later):
            while heap:
                note = heappop(heap)
                if note[3] == note[2].version:
                    return note
        return None

    def _promote(self) -> None:
        """Make those flows ready whose time has come."""
        until = self.now + SLACK * (1.0 + abs(self.now))
        later = self._later
        while later and later[0][0] <= until:
            _, order, flow, version = heappop(later)
            if version == flow.version:
                heappush(self._ready, (flow.finish, order, flow, version))

    def _place(self, flow: Flow) -> None:
        """Note where a flow stands now; older notes of it are stale from here on."""
        self._changes += 1
        flow.version += 1
        if not flow.entries:
            if not flow.in_fluid:
                self._lose(flow)
            return
        start, order = flow.start, flow.head.order
        if start <= self.now + SLACK * (1.0 + abs(self.now)):
            heappush(self._ready, (flow.finish, order, flow, flow.version))
        else:
            heappush(self._later, (start, order, flow, flow.version))
        most = 2 * len(self._flows) + STALE
        if len(self._ready) > most:
            self._ready = _fresh(self._ready)
        if len(self._later) > most:
            self._later = _fresh(self._later)

    def _flood(self, flow: Flow) -> None:
        """Have the fluid serve a flow until its end."""
        if not flow.in_fluid:
            if flow.end <= self.now:
                return
            flow.in_fluid = True
            self._weights += flow.weight
        self._notes += 1
        heappush(self._ends, (flow.end, self._notes, flow))
        if len(self._ends) > 2 * len(self._flows) + STALE:
            unique = {id(f): (f.end, n, f) for _, n, f in self._ends if f.in_fluid}
            self._ends = list(unique.values())
            heapify(self._ends)

    def _advance(self, work: float) -> None:
        """Let the fluid do some work."""
        ends = self._ends
        while ends:
            end, _, flow = ends[0]
            if end != flow.end or not flow.in_fluid:
                heappop(ends)
                continue
            room = (end - self.now) * self._weights
            if work < room:
                self.now += work / self._weights
                return
            work -= room
            self.now = max(self.now, end)
            heappop(ends)
            self._drain(flow)

    def _drain(self, flow: Flow) -> None:
        """Note that the fluid is through with a flow."""
        flow.in_fluid = False
        self._weights -= flow.weight
        if not flow.entries:
            self._lose(flow)

    def _lose(self, flow: Flow) -> None:
        """Forget a flow with nothing waiting."""
        self._flows.pop(flow.key, None)
        if flow.in_fluid:
            flow.in_fluid = False
            self._weights -= flow.weight
        if not self._flows:
            self.now = self._weights = 0.0  # so that rounding does not add up
            self._ends.clear()


def _fresh(heap: list[_Note]) -> list[_Note]:
    notes = [note for note in heap if note[3] == note[2].version]
    heapify(notes)
    return notes
