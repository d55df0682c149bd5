"""A gateway's costs are read from outside, and a gateway that fails says why."""

import os
import socket
import sys
import time
from pathlib import Path

import pytest

from benchmarks.load import Request
from benchmarks.process import GatewayFailed, Process, free_port

CORE = min(os.sched_getaffinity(0))
CHAT = Request(b'{"model":"burst-1"}', 1)

BUSY = """
import threading, time
def burn():
    end = time.thread_time() + 0.2
    while time.thread_time() < end: pass
thread = threading.Thread(target=burn)
thread.start()
thread.join()
time.sleep(60)
"""


def serve(port: int, folder: Path) -> Process:
    """Start the fake upstream as if it were a gateway."""
    argv = [sys.executable, "-m", "benchmarks.upstream", "--port", str(port)]
    return Process(argv, core=CORE, folder=folder)


def test_waits_for_the_first_answer(tmp_path: Path) -> None:
    """The time to the first 200 is measured from the start of the process."""
    port = free_port()
    before = time.perf_counter()
    with serve(port, tmp_path) as process:
        seconds = process.wait_until_answers(port, CHAT)
        assert 0 < seconds <= time.perf_counter() - before
        assert process.memory() > 5_000_000


def test_counts_ended_threads(tmp_path: Path) -> None:
    """CPU time of threads that have ended is counted."""
    with Process([sys.executable, "-c", BUSY], core=CORE, folder=tmp_path) as process:
        end = time.perf_counter() + 30
        while process.cpu() < 0.2 and time.perf_counter() < end:
            time.sleep(0.01)
        assert 0.2 <= process.settled_cpu() < 5


def test_counts_children(tmp_path: Path) -> None:
    """CPU time and memory of child processes are counted."""
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"
    with Process([sys.executable, "-c", parent], core=CORE, folder=tmp_path) as process:
        end = time.perf_counter() + 30
        while process.cpu() < 0.2 and time.perf_counter() < end:
            time.sleep(0.01)
        assert process.cpu() >= 0.2


def test_failed_start_says_why(tmp_path: Path) -> None:
    """A gateway that ends before it answers is reported with its last output."""
    argv = [sys.executable, "-c", "import sys; sys.exit('no such plugin')"]
    with (
        Process(argv, core=CORE, folder=tmp_path) as process,
        pytest.raises(GatewayFailed, match="ended with code 1: no such plugin"),
    ):
        process.wait_until_answers(free_port(), CHAT)


def test_wrong_answer_is_not_ready(tmp_path: Path) -> None:
    """A gateway that answers with another status than 200 does not count as ready."""
    port = free_port()
    unknown = Request(b'{"model":"nobody"}', 1)
    with serve(port, tmp_path) as process:
        process.wait_until_answers(port, CHAT)
        limit = time.perf_counter() - process.started + 0.1
        with pytest.raises(GatewayFailed, match="status 404"):
            process.wait_until_answers(port, unknown, limit)


def test_leaves_nothing_behind(tmp_path: Path) -> None:
    """Leaving the context ends the process."""
    port = free_port()
    with serve(port, tmp_path) as process:
        process.wait_until_answers(port, CHAT)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port)).close()
