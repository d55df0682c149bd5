"""Hashing and checking passwords, and the threads that do it."""

import asyncio
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localai import InvalidRequest, Unavailable
from plugins.auth.tokens import passwords
from plugins.auth.tokens.cost import Cost
from plugins.auth.tokens.passwords import LONGEST, SHORTEST, Passwords, Pool

PASSWORD = "correct horse battery"
MINE = Passwords(Cost())


def test_the_least_cost_is_what_owasp_asks_for() -> None:
    """By default a hash is Argon2id with 19 MiB, two passes and one lane."""
    assert MINE.hash(PASSWORD).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_password_matches_its_own_hash_only() -> None:
    """A password is known again, and no other one is taken for it."""
    stored = MINE.hash(PASSWORD)
    assert MINE.matches(stored, PASSWORD)
    for other in (PASSWORD + " ", PASSWORD.upper(), PASSWORD[:-1], "", "x" * 10_000, "\ud800"):
        assert not MINE.matches(stored, other)
    assert PASSWORD not in stored
    assert stored != MINE.hash(PASSWORD)


def test_the_same_text_from_another_keyboard_matches() -> None:
    """A letter with its accent behind it is the letter with its accent in it."""
    assert MINE.matches(MINE.hash("na\u00efve pass"), "nai\u0308ve pass")


def test_an_unknown_user_costs_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a user that does not exist a hash of the same cost is checked, and never matches."""
    checked = []
    hasher = MINE._hasher

    class Watched:
        @staticmethod
        def verify(stored: str, password: bytes) -> bool:
            checked.append(stored.rsplit("$", 2)[0])
            return hasher.verify(stored, password)

    stored = MINE.hash(PASSWORD)
    monkeypatch.setattr(MINE, "_hasher", Watched)
    assert not MINE.matches(None, PASSWORD)
    assert MINE.matches(stored, PASSWORD)
    assert not MINE.matches(stored, "x" * (LONGEST + 1))
    assert checked == [stored.rsplit("$", 2)[0]] * 3


@pytest.mark.parametrize("length", [0, SHORTEST - 1, LONGEST + 1])
def test_a_password_has_a_length(length: int) -> None:
    """A new password that is too short or too long is refused, without its text."""
    with pytest.raises(InvalidRequest, match="8 to 1024 characters") as caught:
        MINE.hash("ß" * length)
    assert "ß" not in str(caught.value)


def test_a_hash_of_another_cost_is_outdated() -> None:
    """When the settings ask for more work, older hashes still match and are to be made anew."""
    stored = MINE.hash(PASSWORD)
    dearer = Passwords(Cost(time=3))
    assert not MINE.is_outdated(stored)
    assert dearer.is_outdated(stored)
    assert dearer.matches(stored, PASSWORD)


def test_what_is_no_hash_matches_nothing() -> None:
    """A row that is damaged lets nobody in."""
    for stored in ("", "x", "$argon2id$v=19$m=19456,t=2,p=1$x$y"):
        assert not MINE.matches(stored, PASSWORD)


@settings(max_examples=10, deadline=None)
@given(st.text(min_size=SHORTEST, max_size=40))
def test_every_text_can_be_a_password(password: str) -> None:
    """Whatever its characters are, a password of the right length matches its hash."""
    assert MINE.matches(MINE.hash(password), password)


async def test_the_queue_is_bounded_and_what_is_above_is_told_to_wait() -> None:
    """Two run, as many as set may wait, and the next one is refused at once, to try again."""
    pool, gate = Pool(workers=2, waiting=3), threading.Event()
    try:
        running = [asyncio.ensure_future(pool.run(gate.wait)) for _ in range(5)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="try again") as caught:
            await pool.run(gate.wait)
        assert caught.value.headers()["retry-after"] == "1"
        gate.set()
        assert await asyncio.gather(*running) == [True] * 5
        assert await pool.run(lambda: 7) == 7
    finally:
        gate.set()
        await pool.close()


async def test_who_leaves_the_queue_makes_room() -> None:
    """A login whose client is gone is not worked on, and its place is free again."""
    pool, gate, done = Pool(workers=1, waiting=1), threading.Event(), list[str]()
    try:
        first = asyncio.ensure_future(pool.run(gate.wait))
        second = asyncio.ensure_future(pool.run(done.append, "never"))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
        third = asyncio.ensure_future(pool.run(done.append, "third"))
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(first, third)
        assert done == ["third"]
    finally:
        gate.set()
        await pool.close()


async def test_what_fails_in_the_thread_fails_for_the_caller() -> None:
    """An error comes back, and the place is free again."""
    pool = Pool(workers=1, waiting=0)
    try:
        for _ in range(3):
            with pytest.raises(InvalidRequest):
                await pool.run(MINE.hash, "short")
    finally:
        await pool.close()


async def test_the_threads_stand_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The threads are nicer than the event loop's, where the system has that."""
    import os

    pool = Pool(workers=1, waiting=0)
    try:
        here = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
        there = await pool.run(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        assert there == min(19, here if here > passwords.NICENESS else passwords.NICENESS)
    finally:
        await pool.close()
