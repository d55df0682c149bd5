"""A gateway as a process of its own, pinned to a core; its costs are read from outside."""

import http.client
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from benchmarks.load import Request

_RESIDENT = re.compile(r"VmRSS:\s*(\d+) kB")
_POLL = 0.005
"""Seconds between two looks at a process."""
_QUIET = 0.05
"""Seconds over which a settled process is allowed almost no CPU time."""


class GatewayFailed(Exception):
    """A gateway did not start, or went away; the message ends with its log's last lines."""


class Process:
    """A running gateway. A context manager: leaving it ends the gateway and its children."""

    def __init__(
        self, argv: Sequence[str], *, core: int, folder: Path, env: Mapping[str, str] | None = None
    ) -> None:
        """Start `argv` on one core; its output goes to `folder`/output.log."""
        self.started = time.perf_counter()
        self._log = folder / "output.log"
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        os.sched_setaffinity(self._child.pid, {core})

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_until_answers(self, port: int, request: Request, limit: float = 180.0) -> float:
        """Send `request` until it gets a 200; return the seconds since the process was started.

        Raises `GatewayFailed` when the process ends, or after `limit` seconds.
        """
        last = "no answer"
        while time.perf_counter() - self.started < limit:
            if self._child.poll() is not None:
                raise GatewayFailed(f"ended with code {self._child.returncode}: {self.tail()}")
            with suppress(OSError, http.client.HTTPException):
                status, text = post(port, request)
                if status == 200:
                    return time.perf_counter() - self.started
                last = f"status {status}: {text[:200]}"
            time.sleep(_POLL)
        raise GatewayFailed(f"not ready after {limit:g} s ({last}): {self.tail()}")

    def cpu(self) -> float:
        """Return the CPU seconds so far, user and system, of the process and its children.

        Read from the processes' own CPU clocks: exact to the nanosecond, ended threads included.
        """
        total = 0.0
        for pid in self._family(self._child.pid):
            with suppress(OSError):
                # The kernel's id of a process's CPU clock, as clock_getcpuclockid(3) makes it.
                total += time.clock_gettime((~pid << 3) | 2)
        return total

    def settled_cpu(self, limit: float = 3.0) -> float:
        """Wait until work left behind by answered requests is done, then return `cpu()`."""
        end = time.perf_counter() + limit
        before = self.cpu()
        while True:
            time.sleep(_QUIET)
            now = self.cpu()
            if now - before < _QUIET / 20 or time.perf_counter() > end:
                return now
            before = now

    def memory(self) -> int:
        """Return the resident bytes of the process and its children."""
        total = 0
        for pid in self._family(self._child.pid):
            with suppress(OSError):
                status = Path(f"/proc/{pid}/status").read_text()
                found = _RESIDENT.search(status)
                total += int(found[1]) * 1024 if found else 0
        return total

    def tail(self, lines: int = 5) -> str:
        """Return the last lines of the gateway's output."""
        return " | ".join(self._log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self, limit: float = 10.0) -> None:
        """Ask the gateway to end; after `limit` seconds kill it, and what its children left."""
        with suppress(ProcessLookupError):
            self._child.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(limit)
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()

    def _family(self, pid: int) -> Iterator[int]:
        yield pid
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            with suppress(OSError):
                for child in children.read_text().split():
                    yield from self._family(int(child))


def post(port: int, request: Request) -> tuple[int, str]:
    """Send one request over a connection of its own; return status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = {"content-type": "application/json", "authorization": f"Bearer {request.key}"}
        connection.request("POST", request.path, request.body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(errors="replace")
    finally:
        connection.close()


def free_port() -> int:
    """Return a port of the loopback address that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
