"""Counters in memory, as a storage of `limits`: bounded, on a monotonic clock, without a thread.

The library's own memory storage grows with every new key and scans all of them in a timer thread
a hundred times per second; with 100,000 keys that takes more than half a core.
"""

import time
from collections import OrderedDict
from typing import Any, NamedTuple

from limits.storage import Storage

SCHEME = "bounded-memory"


class Window(NamedTuple):
    """A counter as it stands."""

    used: int
    ends: float
    """When it starts at 0 again, on `time.monotonic`."""


class _Counter:
    __slots__ = ("ends", "seconds", "used")

    def __init__(self, seconds: int, ends: float) -> None:
        self.seconds = seconds
        self.ends = ends
        self.used = 0


class BoundedMemory(Storage):
    """Counters that end after their window. When full, ended ones go first, then the idlest one.

    For one event loop: there are no locks. A hit takes a dictionary look-up; a new counter also
    looks at two old ones of its kind, or, when full, at one of each length of window.
    """

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012 - the library's name and type

    def __init__(self, uri: str | None = None, *, max_keys: int = 100_000, **_: Any) -> None:
        super().__init__(uri)
        self._max_keys = max_keys
        self._counters: OrderedDict[str, _Counter] = OrderedDict()
        """By key, the one that was hit last at the end."""
        self._ages: dict[int, OrderedDict[str, None]] = {}
        """The keys by length of window: among equal lengths, the oldest one ends first."""
        self.evictions = 0
        """Counters that had to go before their end."""

    def __len__(self) -> int:
        return len(self._counters)

    def add(self, key: str, seconds: int, amount: int) -> Window:
        """Count `amount` in a window of `seconds` that begins with its first count.

        A negative amount gives back, never below 0 and nothing where the window has ended. A window
        that nothing is left in has not begun.
        """
        now = time.monotonic()
        counter = self._counters.get(key)
        if counter is None or counter.ends <= now:
            if amount <= 0:
                return Window(0, now)
            counter = self._begin(key, seconds, now)
        else:
            self._counters.move_to_end(key)
        counter.used += amount
        if counter.used <= 0:
            self._remove(key)
            return Window(0, counter.ends)
        return Window(counter.used, counter.ends)

    def look(self, key: str) -> Window | None:
        """Return a counter as it stands, or `None` where there is none."""
        counter = self._counters.get(key)
        if counter is None or counter.ends <= time.monotonic():
            return None
        return Window(counter.used, counter.ends)

    def _begin(self, key: str, seconds: int, now: float) -> _Counter:
        self._remove(key)
        ages = self._ages.get(seconds)
        if ages is not None:
            self._drop_ended(ages, now)
        if len(self._counters) >= self._max_keys:
            self._make_room(now)
        counter = self._counters[key] = _Counter(seconds, now + seconds)
        self._ages.setdefault(seconds, OrderedDict())[key] = None
        return counter

    def _drop_ended(self, ages: OrderedDict[str, None], now: float) -> None:
        """Remove two ended counters at most: so all go in time, and no hit pays for many."""
        for _ in range(2):
            oldest = next(iter(ages), None)
            if oldest is None or self._counters[oldest].ends > now:
                return
            self._remove(oldest)

    def _make_room(self, now: float) -> None:
        for ages in self._ages.values():
            oldest = next(iter(ages))
            if self._counters[oldest].ends <= now:
                self._remove(oldest)
                return
        self._remove(next(iter(self._counters)))
        self.evictions += 1

    def _remove(self, key: str) -> None:
        counter = self._counters.pop(key, None)
        if counter is None:
            return
        ages = self._ages[counter.seconds]
        del ages[key]
        if not ages:
            del self._ages[counter.seconds]

    # ---- what `limits` asks of a storage

    @property
    def base_exceptions(self) -> tuple[type[Exception], ...]:
        """Nothing fails here."""
        return ()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, and return the count."""
        return self.add(key, expiry, amount).used

    def get(self, key: str) -> int:
        """Return the count."""
        window = self.look(key)
        return window.used if window else 0

    def get_expiry(self, key: str) -> float:
        """Return when the window ends, on the wall clock as it is now."""
        window = self.look(key)
        left = window.ends - time.monotonic() if window else 0.0
        return time.time() + left

    def check(self) -> bool:
        """Say that it works."""
        return True

    def reset(self) -> int:
        """Forget all; return how many there were."""
        found = len(self._counters)
        self._counters.clear()
        self._ages.clear()
        return found

    def clear(self, key: str) -> None:
        """Forget a counter."""
        self._remove(key)
