"""What a key has waiting, and how much of its share it has had."""

from collections import OrderedDict

from plugins.routing.queue.entry import Entry


class Flow:
    """The entries of one key, the oldest first, in virtual time.

    Virtual time is work per weight: in a fluid that serves all keys at once, each by its weight,
    it says how much each has had. At `end` the fluid has served all that came from this key. So
    what waits here begins, for the fluid, at `end` less its own work: when that is in the past,
    the key is behind its share, and ahead of it when it is in the future.
    """

    __slots__ = (
        "_gone", "_pushed", "_work", "end", "entries", "in_fluid", "key", "version", "weight",
    )  # fmt: skip

    def __init__(self, key: str, weight: float, now: float) -> None:
        self.key = key
        self.weight = weight
        self.entries: OrderedDict[Entry, None] = OrderedDict()
        self.end = now
        self.in_fluid = False
        """Whether the fluid serves it."""
        self.version = 0
        """Changes with its place, so that older notes of it are known to be stale."""
        self._work = 0.0
        self._pushed = 0.0
        self._gone = 0

    @property
    def head(self) -> Entry:
        """The oldest entry."""
        return next(iter(self.entries))

    @property
    def work(self) -> float:
        """Cost of all that waits."""
        return self._work if self.entries else 0.0

    @property
    def start(self) -> float:
        """The virtual time at which the fluid begins with what waits."""
        return self.end - self.work / self.weight

    @property
    def finish(self) -> float:
        """The virtual time at which the fluid has served the oldest entry."""
        return self.end - (self.work - self.head.cost) / self.weight

    def append(self, entry: Entry, now: float) -> None:
        """Add an entry; `now` is the virtual time."""
        if not self.entries:
            self._work = self._pushed = 0.0
            self._gone = 0
        entry.before = self._pushed
        entry.number = self._gone + len(self.entries)
        self._pushed += entry.cost
        self._work += entry.cost
        self.entries[entry] = None
        self.end = max(self.end, now) + entry.cost / self.weight

    def take(self) -> Entry:
        """Take the oldest entry, which is served: it counts."""
        entry, _ = self.entries.popitem(last=False)
        self._work -= entry.cost
        self._gone += 1
        return entry

    def remove(self, entry: Entry, now: float) -> None:
        """Take out an entry that is not served: it does not count."""
        del self.entries[entry]
        self._work -= entry.cost
        self._gone += 1
        if self.end > now:
            self.end = max(now, self.end - entry.cost / self.weight)

    def ahead(self, entry: Entry) -> tuple[float, float]:
        """Return how many of its own entries stand before one, and their cost.

        It is exact until one in the middle is removed: that is counted as if evenly spread.
        """
        head, last = self.head, next(reversed(self.entries))
        if entry is head:
            return 0.0, 0.0
        reach = last.number - head.number
        share = (len(self.entries) - 1) / reach
        span = last.before - head.before
        part = (entry.before - head.before) / span if span > 0 else 0.0
        return (entry.number - head.number) * share, part * max(self.work - last.cost, 0.0)
