"""One /metrics for several routers on a machine, by a folder that they share.

Each router writes its figures to a file of its own once a second, and holds a lock on another as
long as it lives: the kernel gives that up however it ends. Whoever is scraped adds up what the
living have. What the dead have counted is kept in one file, as a sum that falls would look to
Prometheus like a counter that began anew. The first one that comes to life removes all of it.
"""

import fcntl
import os
import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TypeVar

from msgspec import MsgspecError, Struct, msgpack

from plugins.metrics.prometheus.figures import Family
from plugins.metrics.prometheus.merging import Families, buried, by_name, total

EVERY = 1.0
"""Seconds between two times that a router writes its figures; who is killed loses no more."""
MOST_WAIT = 2.0
"""Seconds to wait for another router that looks at the folder; it needs milliseconds."""
STEP = 0.005
"""Seconds between two tries to lock the folder."""
MOST_BYTES = 32_000_000
"""Of a file; several times what the largest number of series takes."""
ALIVE, FIGURES, PAST, GUARD = ".alive", ".figures", "past", "guard"

_T = TypeVar("_T")


class _Past(Struct):
    """What routers have counted that have ended."""

    families: Families = {}
    names: tuple[str, ...] = ()
    """Whose counts were added last: their files may still be there."""


class Folder:
    """The figures of all routers that share a folder. The methods block, for milliseconds."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._name = f"{os.getpid()}-{secrets.token_hex(4)}"
        self._alive: IO[bytes] | None = None

    def open(self) -> None:
        """Come to life; raise `OSError` when the folder can't be written."""
        self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._guarded():
            if self._others(is_alive=True):
                self._bury({})
            else:
                for name in self._others(is_alive=False):
                    self._remove(name)
                (self._path / PAST).unlink(missing_ok=True)
            self._alive = (self._path / f"{self._name}{ALIVE}").open("wb")
            fcntl.flock(self._alive, fcntl.LOCK_EX)

    def publish(self, families: Iterable[Family]) -> None:
        """Write this router's figures, for whichever is scraped."""
        self._write(f"{self._name}{FIGURES}", by_name(families))

    def merged(self, families: Iterable[Family]) -> list[Family]:
        """Return what all routers have counted; they see these figures of this one's too.

        So no counter is ever smaller than it was when another router was scraped.
        """
        own = by_name(families)
        with self._guarded():
            self._write(f"{self._name}{FIGURES}", own)
            return list(total(self._bury(own), [own, *self._living()]).values())

    def close(self) -> None:
        """Leave the figures to the others."""
        if self._alive is not None:
            self._alive.close()
            self._alive = None

    def _bury(self, own: Families) -> Families:
        """Add what the dead have counted to the past, and return that."""
        past = self._read(PAST, _Past) or _Past()
        names = self._others(is_alive=False)
        new = [name for name in names if name not in past.names]
        if new:
            dead = [self._figures(name) for name in new]
            families = buried(past.families, dead, [own, *self._living()])
            past = _Past(families, tuple(names))
            self._write(PAST, past)
        for name in names:
            self._remove(name)
        return past.families

    def _living(self) -> list[Families]:
        return [self._figures(name) for name in self._others(is_alive=True)]

    def _others(self, *, is_alive: bool) -> list[str]:
        """Return the names of the other routers, of those that live or of those that do not."""
        files = sorted(self._path.glob(f"*{ALIVE}"))
        names = [file.stem for file in files if _is_locked(file) == is_alive]
        return [name for name in names if name != self._name]

    def _figures(self, name: str) -> Families:
        return self._read(f"{name}{FIGURES}", Families) or {}

    def _remove(self, name: str) -> None:
        for suffix in (FIGURES, ALIVE):
            (self._path / f"{name}{suffix}").unlink(missing_ok=True)

    def _read(self, name: str, kind: type[_T]) -> _T | None:
        """Return what a file has, unless it is not there or of another version."""
        file = self._path / name
        with suppress(FileNotFoundError, MsgspecError):
            if file.stat().st_size <= MOST_BYTES:
                return msgpack.decode(file.read_bytes(), type=kind)
        return None

    def _write(self, name: str, what: object) -> None:
        new = self._path / f"{name}.new"
        new.write_bytes(msgpack.encode(what))
        new.replace(self._path / name)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Keep other routers from changing what is there; raise `TimeoutError`."""
        ends = time.monotonic() + MOST_WAIT
        with (self._path / GUARD).open("wb") as guard:
            while True:
                try:
                    fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > ends:
                        raise TimeoutError("another router keeps the folder of figures") from None
                    time.sleep(STEP)
            yield


def _is_locked(file: Path) -> bool:
    with suppress(FileNotFoundError), file.open("rb") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
