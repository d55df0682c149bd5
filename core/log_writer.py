"""Write lines to standard error without ever waiting for who reads it.

A pipe whose reader has stopped, or a terminal that somebody holds, would stop the router with the
next line. So each line is written at once only if there is room for it; else a thread waits with
it, and with those that follow, up to a bound above which lines are dropped and counted.
"""

import atexit
import os
import select
import stat
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

PIECE = select.PIPE_BUF
"""Bytes that a pipe with any room takes at once (POSIX.1-2017, write): 4096 on Linux."""
MOST_HELD = 1_000_000
"""Bytes of lines that wait; further ones are dropped."""
LAST_WAIT = 1.0
"""Seconds that the end of the process waits for the lines that are held."""


class LineWriter:
    """A binary file for whole lines; its `write` never blocks, from whichever thread."""

    def __init__(self, file: Any, on_dropped: Callable[[int], None], most: int = MOST_HELD) -> None:
        self._file = file
        self._on_dropped = on_dropped
        self._most = most
        self._descriptor = _descriptor(file)
        self._poll: select.poll | None = None
        if self._descriptor is not None and not _is_file(self._descriptor):
            self._poll = select.poll()
            self._poll.register(self._descriptor, select.POLLOUT)
        self._lock = threading.Lock()
        self._held: deque[bytes] = deque()
        self._held_bytes = 0
        self._dropped = 0
        self._thread: threading.Thread | None = None

    def write(self, line: bytes) -> None:
        """Write a line now, or have it written later; one that can't be is counted."""
        with self._lock:
            if self._thread is None:
                line = self._written(line)
            if line:
                self._hold(line)

    def flush(self) -> None:
        """Do nothing: nothing is held back that could be written."""

    def _written(self, line: bytes) -> bytes:
        """Write as much of a line as there is room for; return the rest."""
        try:
            if self._descriptor is None:
                self._file.write(line)
                self._file.flush()
                return b""
            while line and (self._poll is None or self._poll.poll(0)):
                line = line[os.write(self._descriptor, line[:PIECE] if self._poll else line) :]
        except BlockingIOError:
            return line
        except (OSError, ValueError):
            return b""  # nobody reads it any more, and there is nowhere else to say so
        return line

    def _hold(self, line: bytes) -> None:
        if self._held_bytes + len(line) > self._most:
            self._dropped += 1
            return
        self._held.append(line)
        self._held_bytes += len(line)
        if self._thread is None:
            self._thread = threading.Thread(target=self._write_held, name="log", daemon=True)
            self._thread.start()
            atexit.unregister(self._wait)  # once is enough
            atexit.register(self._wait)

    def _wait(self) -> None:
        thread = self._thread
        if thread is not None:
            thread.join(LAST_WAIT)

    def _write_held(self) -> None:
        """Wait for the reader, in a thread, until no line is held."""
        assert self._descriptor is not None
        while True:
            with self._lock:
                if not self._held:
                    self._thread = None
                    dropped, self._dropped = self._dropped, 0
                    break
                line = self._held[0]
            _write_all(self._descriptor, line)
            with self._lock:
                self._held.popleft()
                self._held_bytes -= len(line)
        if dropped:
            self._on_dropped(dropped)


def _write_all(descriptor: int, line: bytes) -> None:
    while line:
        try:
            select.select([], [descriptor], [])
            line = line[os.write(descriptor, line[:PIECE]) :]
        except BlockingIOError:
            continue
        except (OSError, ValueError):
            return  # nobody reads it any more, or it was closed


def _descriptor(file: Any) -> int | None:
    try:
        return int(file.fileno())
    except (OSError, ValueError, AttributeError):
        return None


def _is_file(descriptor: int) -> bool:
    return stat.S_ISREG(os.fstat(descriptor).st_mode)
