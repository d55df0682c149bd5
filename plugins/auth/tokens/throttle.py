"""How often a password may be tried, by address and by user; it holds before any work is done.

Each counter is a leaky bucket in one number (the generic cell rate algorithm, ITU-T I.371): the
time at which it will be empty. The counters are slots of a fixed table, found by a keyed hash, so
that memory is bounded and nothing has to be forgotten: two names that share a slot share a limit.
"""

import hashlib
import math
import secrets
import time
from array import array
from collections import OrderedDict
from collections.abc import Callable

from localai import RateLimited
from plugins.auth.addresses import network_of

SLOTS = 65_536
"""Half a megabyte for each table."""
KNOWN = 10_000
"""Pairs of user and address that are remembered after a login."""
MINUTE = 60.0
ROUNDING = 1e-6
"""Seconds; sums of the interval miss a minute by less."""


class Rate:
    """`per_minute` tries at once, and then as many in each minute, for any number of names."""

    def __init__(self, per_minute: int, slots: int = SLOTS) -> None:
        self._interval = MINUTE / per_minute
        self._empty_at = array("d", bytes(8 * slots))
        self._key = secrets.token_bytes(16)

    def wait(self, name: str, now: float) -> float:
        """Return the seconds until this name may try, 0 for at once."""
        wait = self._empty_at[self._slot(name)] - now - MINUTE + self._interval
        return wait if wait > ROUNDING else 0.0

    def count(self, name: str, now: float) -> None:
        """Count a try."""
        slot = self._slot(name)
        self._empty_at[slot] = max(self._empty_at[slot], now) + self._interval

    def give_back(self, name: str) -> None:
        """Take one try back."""
        self._empty_at[self._slot(name)] -= self._interval

    def forget(self, name: str) -> None:
        """Take all tries back."""
        self._empty_at[self._slot(name)] = 0.0

    def _slot(self, name: str) -> int:
        digest = hashlib.blake2b(name.encode(errors="replace"), key=self._key, digest_size=8)
        return int.from_bytes(digest.digest()) % len(self._empty_at)


class Throttle:
    """Counts tries to log in; unknown users count alike.

    A stranger who tries a user's name over and over would lock that user out, so the tries from
    addresses where the user has logged in before count for themselves.
    """

    def __init__(
        self, per_address: int, per_user: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._addresses = Rate(per_address)
        self._users = Rate(per_user)
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._clock = clock

    def admit(self, address: str, user: str) -> None:
        """Count a try; raise `RateLimited` when there were too many, which counts as none."""
        now = self._clock()
        place = network_of(address)
        who = self._who(place, user)
        wait = max(self._addresses.wait(place, now), self._users.wait(who, now))
        if wait > 0:
            raise RateLimited(
                f"too many tries to log in: try again in {math.ceil(wait)} s", retry_after=wait
            )
        self._addresses.count(place, now)
        self._users.count(who, now)

    def succeeded(self, address: str, user: str) -> None:
        """Forget the user's tries, and this one of the address.

        Not all of the address's: who has an account could try other people's names without end.
        """
        place = network_of(address)
        self._addresses.give_back(place)
        self._users.forget(self._who(place, user))
        pair = (place, _folded(user))
        self._known[pair] = None
        self._known.move_to_end(pair)
        if len(self._known) > KNOWN:
            self._known.popitem(last=False)

    def _who(self, place: str, user: str) -> str:
        name = _folded(user)
        return f"{name}\0{place}" if (place, name) in self._known else name


def _folded(user: str) -> str:
    return user[:256].casefold()
