"""Passwords: hashed and checked by Argon2id, beside the event loop, a few at a time."""

import asyncio
import contextlib
import os
import secrets
import threading
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from localai import InvalidRequest, Unavailable
from plugins.auth.tokens.cost import Cost

SHORTEST, LONGEST = 8, 1024
"""Characters of a password (NIST SP 800-63B §5.1.1.2 for the lower one)."""
WORKERS = 2
WAITING = 16
"""Checks that may wait; at 35 ms each and two at a time, the last one waits 0.3 s."""
NICENESS = 10

T = TypeVar("T")


class Passwords:
    """Hashes passwords and compares them; both block for tens of milliseconds."""

    def __init__(self, cost: Cost) -> None:
        self.cost = cost
        self._hasher = PasswordHasher(
            time_cost=cost.time, memory_cost=cost.memory, parallelism=cost.parallelism
        )
        # Right in its form, and the hash of nothing: checking it takes as long as any other.
        salt, digest = _base64(secrets.token_bytes(16)), _base64(secrets.token_bytes(32))
        parameters = f"m={cost.memory},t={cost.time},p={cost.parallelism}"
        self._nobodys = f"$argon2id$v={ARGON2_VERSION}${parameters}${salt}${digest}"

    def hash(self, password: str) -> str:
        """Return the hash to store, with its salt and cost; raise `InvalidRequest`."""
        check_length(password)
        return self._hasher.hash(_normal(password))

    def matches(self, stored: str | None, password: str) -> bool:
        """Compare a password; for an unknown user, `None`, do the same work and say no."""
        known = stored is not None
        if len(password) > LONGEST:
            known, password = False, ""
        try:
            matches = self._hasher.verify(stored or self._nobodys, _normal(password))
        except (VerificationError, InvalidHashError):
            return False
        return matches and known

    def is_outdated(self, stored: str) -> bool:
        """Say whether a hash was made at another cost, and should be made anew."""
        return self._hasher.check_needs_rehash(stored)


class Pool:
    """Runs such work in two threads that stand back behind the event loop's."""

    def __init__(self, workers: int = WORKERS, waiting: int = WAITING) -> None:
        self._threads = ThreadPoolExecutor(
            workers, thread_name_prefix="password", initializer=_stand_back
        )
        self._free = threading.Semaphore(workers + waiting)

    async def run(self, work: Callable[..., T], *arguments: object) -> T:
        """Do the work when it is its turn; raise `Unavailable` when too much waits already."""
        if not self._free.acquire(blocking=False):
            raise Unavailable("too many people log in at once: try again", retry_after=1)
        try:
            future = self._threads.submit(work, *arguments)
        except BaseException:
            self._free.release()
            raise
        future.add_done_callback(self._done)
        return await asyncio.wrap_future(future)

    async def close(self) -> None:
        """Drop what waits, and let what runs finish."""
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)

    def _done(self, future: Future[T]) -> None:
        self._free.release()


def check_length(password: str) -> None:
    """Raise `InvalidRequest` for a password that is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise InvalidRequest(
            f"a password has {SHORTEST} to {LONGEST} characters: choose another one",
            param="password",
        )


def _normal(password: str) -> bytes:
    """Return the bytes that are hashed, the same from every keyboard (RFC 8265 §4.2.2)."""
    return unicodedata.normalize("NFC", password).encode(errors="surrogatepass")


def _base64(raw: bytes) -> str:
    return b64encode(raw).rstrip(b"=").decode()


def _stand_back() -> None:
    with contextlib.suppress(OSError, AttributeError):  # on Linux a thread has a niceness
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
