"""How often a password may be tried."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localai import RateLimited
from plugins.auth.tokens import throttle
from plugins.auth.tokens.throttle import Rate, Throttle


class Clock:
    """A clock that stands still until it is set."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def made(per_address: int = 30, per_user: int = 5) -> tuple[Throttle, Clock]:
    """Return a throttle and its clock."""
    clock = Clock()
    return Throttle(per_address, per_user, clock), clock


def tries(watch: Throttle, address: str, user: str, most: int = 100) -> int:
    """Return how many tries are let in before one is refused."""
    for number in range(most):
        try:
            watch.admit(address, user)
        except RateLimited:
            return number
    return most


def test_a_user_is_tried_so_often_and_then_after_a_while_again() -> None:
    """The sixth try of five is refused with the time to wait, after which one more is let in."""
    watch, clock = made()
    assert tries(watch, "192.0.2.1", "anna") == 5
    with pytest.raises(RateLimited, match="try again in 12 s") as caught:
        watch.admit("192.0.2.1", "anna")
    assert caught.value.headers()["retry-after"] == "12"
    clock.now += 12.1
    assert tries(watch, "192.0.2.1", "anna") == 1
    clock.now += 60
    assert tries(watch, "192.0.2.1", "anna") == 5


def test_being_refused_does_not_make_it_longer() -> None:
    """Whoever hammers on is let in as soon as one who waited; the lock is a minute at most."""
    watch, clock = made()
    tries(watch, "192.0.2.1", "anna")
    for _ in range(1000):
        with pytest.raises(RateLimited):
            watch.admit("192.0.2.1", "anna")
    clock.now += 60
    assert tries(watch, "192.0.2.1", "anna") == 5


def test_unknown_and_oddly_written_users_count_alike() -> None:
    """A name counts whether or not there is such a user, in whatever case it is written."""
    watch, _ = made()
    for number, name in enumerate(["Anna", "anna", "ANNA", "aNNa", "annA"]):
        watch.admit(f"192.0.{number}.1", name)
    with pytest.raises(RateLimited):
        watch.admit("198.51.100.1", "anna")
    watch.admit("198.51.100.1", "\ud800 nobody" * 100)


def test_the_addresses_of_one_customer_count_together() -> None:
    """All of a /24 and all of a /64 are one, in every way to write them."""
    watch, _ = made(per_address=4, per_user=1000)
    for address in ("192.0.2.1", "192.0.2.255", "::ffff:192.0.2.7", "192.0.2.9"):
        watch.admit(address, address)
    assert tries(watch, "192.0.2.77", "a") == 0
    assert tries(watch, "192.0.3.1", "b") == 4
    assert tries(watch, "2001:db8::1", "c", 2) == 2
    assert tries(watch, "2001:db8:0:0:ffff::1%eth0", "d") == 2
    assert tries(watch, "2001:db8:0:1::1", "e") == 4
    assert tries(watch, "", "f") == 4


def test_a_login_forgets_the_users_tries_and_one_of_the_address() -> None:
    """Who logs in starts anew; others at the same address get back what that login took."""
    watch, _ = made(per_address=6, per_user=5)
    for _ in range(5):
        watch.admit("192.0.2.1", "anna")
    watch.succeeded("192.0.2.1", "anna")
    assert tries(watch, "192.0.2.1", "ben") == 2


def test_an_account_of_ones_own_gives_no_more_tries() -> None:
    """Logging in between two tries at other people's names leaves the address its limit."""
    watch, _ = made(per_address=10, per_user=5)
    tried = 0
    for number in range(100):
        with suppress(RateLimited):
            watch.admit("192.0.2.1", "mallory")
            watch.succeeded("192.0.2.1", "mallory")
            watch.admit("192.0.2.1", f"victim-{number}")
            tried += 1
    assert tried == 10


def test_a_stranger_locks_nobody_out() -> None:
    """However often others try a name, its user gets in from where they got in before."""
    watch, clock = made()
    watch.admit("192.0.2.1", "anna")
    watch.succeeded("192.0.2.1", "anna")
    for minute in range(10):
        clock.now += 60
        tries(watch, f"203.0.{minute}.1", "Anna")
        assert tries(watch, "198.51.100.1", "anna") == 0
        assert tries(watch, "192.0.2.200", "anna") == 5


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many names and places there are, no more is kept than was set."""
    monkeypatch.setattr(throttle, "KNOWN", 50)
    watch, _ = made(per_address=1000, per_user=1000)
    for number in range(500):
        watch.admit("192.0.2.1", f"user-{number}")
        watch.succeeded("192.0.2.1", f"user-{number}")
    assert len(watch._known) == 50


@settings(deadline=None)
@given(st.integers(1, 20), st.lists(st.floats(0, 90), max_size=30))
def test_in_no_minute_are_there_more_than_twice_as_many(rate: int, gaps: list[float]) -> None:
    """A burst and the minute's own: never more than two minutes' worth in any minute."""
    counter, now, admitted = Rate(rate, slots=64), 1e6, list[float]()
    for gap in gaps:
        now += gap
        while counter.wait("a", now) == 0:
            counter.count("a", now)
            admitted.append(now)
    for start in set(admitted):
        assert sum(start <= each < start + 60 for each in admitted) <= 2 * rate
