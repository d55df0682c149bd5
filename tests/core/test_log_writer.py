"""Lines that nobody may wait for."""

import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.log_writer import LineWriter


class Pipe:
    """A pipe whose reader a test lets read when it likes."""

    def __init__(self) -> None:
        reading, writing = os.pipe()
        self.end: IO[bytes] = os.fdopen(writing, "wb", buffering=0)
        self._reading = reading
        self._parts: list[bytes] = []
        self._thread: threading.Thread | None = None

    def read(self) -> None:
        """Read all from now on."""

        def take() -> None:
            while part := os.read(self._reading, 65_536):
                self._parts.append(part)

        self._thread = threading.Thread(target=take)
        self._thread.start()

    def rest(self) -> bytes:
        """Close the writing end; return all that was read."""
        self.end.close()
        if self._thread is None:
            self.read()
        assert self._thread is not None
        self._thread.join(30)
        os.close(self._reading)
        return b"".join(self._parts)

    def close_reader(self) -> None:
        """Have nobody read it any more."""
        os.close(self._reading)


@pytest.fixture
def dropped() -> list[int]:
    """How many lines were dropped, each time that they were told."""
    return []


def _written_out(writer: LineWriter) -> None:
    """Wait until nothing is held."""
    until = time.monotonic() + 30
    while (thread := writer._thread) is not None and time.monotonic() < until:
        thread.join(1)
    assert writer._thread is None


def test_a_line_is_out_at_once(dropped: list[int]) -> None:
    """While somebody reads, no thread is needed."""
    pipe = Pipe()
    writer = LineWriter(pipe.end, dropped.append)
    writer.write(b"one\n")
    writer.write(b"two\n")
    writer.flush()
    assert writer._thread is None
    assert pipe.rest() == b"one\ntwo\n"


def test_a_reader_that_has_stopped_holds_nobody_up(dropped: list[int]) -> None:
    """Lines wait in memory, up to a bound; when they are read again, all that were kept come."""
    pipe = Pipe()
    writer = LineWriter(pipe.end, dropped.append, most=100_000)
    line = b"x" * 999 + b"\n"
    for _ in range(1000):
        writer.write(line)  # nobody reads: if it waited, it would do so for ever
    pipe.read()
    _written_out(writer)
    (lost,) = dropped
    assert 0 < lost < 1000
    assert pipe.rest() == line * (1000 - lost)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(1, 20_000), min_size=1, max_size=30), st.booleans())
def test_lines_come_whole_and_in_order(sizes: list[int], late: bool) -> None:
    """However long lines are, and whenever they are read, none is torn, lost or overtaken."""
    pipe = Pipe()
    if not late:
        pipe.read()
    lost: list[int] = []
    writer = LineWriter(pipe.end, lost.append)
    lines = [bytes([97 + number % 26]) * size + b"\n" for number, size in enumerate(sizes)]
    for line in lines:
        writer.write(line)
    if late:
        pipe.read()
    _written_out(writer)
    assert pipe.rest() == b"".join(lines)
    assert lost == []


def test_a_reader_that_is_gone_is_no_failure(dropped: list[int]) -> None:
    """There is nowhere to say that the log is gone, so nothing is raised."""
    pipe = Pipe()
    writer = LineWriter(pipe.end, dropped.append)
    pipe.close_reader()
    writer.write(b"one\n")
    pipe.end.close()
    writer.write(b"two\n")


def test_a_file_that_is_closed_ends_the_wait(dropped: list[int]) -> None:
    """Who waits for a pipe that is closed meanwhile gives up, and the thread is gone."""
    pipe = Pipe()
    writer = LineWriter(pipe.end, dropped.append)
    for _ in range(200):
        writer.write(b"x" * 999 + b"\n")
    assert writer._thread is not None
    pipe.close_reader()
    pipe.end.close()
    _written_out(writer)


def _in_memory() -> tuple[io.BytesIO, Callable[[], bytes]]:
    file = io.BytesIO()
    return file, file.getvalue


def test_any_file_will_do(tmp_path: Path, dropped: list[int]) -> None:
    """A regular file, and one without a descriptor, are written as they are."""
    memory, value = _in_memory()
    writer = LineWriter(memory, dropped.append)
    writer.write(b"one\n")
    assert value() == b"one\n"
    with (tmp_path / "log").open("wb") as file:
        writer = LineWriter(file, dropped.append)
        writer.write(b"y" * 10_000 + b"\n")
        assert (tmp_path / "log").read_bytes() == b"y" * 10_000 + b"\n"


PROGRAM = """
import structlog
from core.config import Log
from core.logs import configure

configure(Log(format="json"))
for number in range(3000):
    structlog.get_logger("x").info("event", number=number, more="x" * 900)
print("done", flush=True)
input()
"""


def test_a_process_goes_on_while_nobody_reads_its_log() -> None:
    """With standard error full, it still works; later the log says how many lines are missing."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "done\n"
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "were dropped" in line:
                break
        process.stdin.write("\n")
        process.stdin.close()
    assert process.returncode == 0
    assert f'"count":{3000 - len(lines) + 1}' in lines[-1]
