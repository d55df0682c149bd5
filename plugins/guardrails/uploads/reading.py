"""Reads files in a process of their own, which is ended when it takes too long."""

import asyncio
import subprocess
import sys
from codecs import getincrementaldecoder
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any

import msgspec

from localai import Unavailable
from plugins.guardrails.uploads.work import Bounds, Order, Refused, Task, encode, results_in

ROOT = Path(__file__).resolve().parents[3]
"""Where the process finds this package."""
WORKER = (sys.executable, "-m", "plugins.guardrails.uploads.worker")
SLICE = 262_144
"""Characters or bytes that are taken at a time, as coding them holds up the event loop."""


class Reader:
    """Reads the files of a few requests at a time; the others wait their turn."""

    def __init__(self, bounds: Bounds, *, workers: int, timeout: float) -> None:
        self._bounds = bounds
        self._timeout = timeout
        self._workers = workers
        self._turn = asyncio.Semaphore(workers)
        self._threads: ThreadPoolExecutor

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep threads that wait for the processes; they start with the first file."""
        with ThreadPoolExecutor(self._workers, "uploads") as self._threads:
            yield

    async def read(self, files: Sequence[tuple[Task, str]]) -> tuple[list[str], Refused | None]:
        """Return what the files come to, as texts, and why the next one is refused, if it is.

        Raises `Refused` when the process fails or is too slow, which tells nothing of which file;
        `Unavailable` when no turn comes within the timeout.
        """
        try:
            async with asyncio.timeout(self._timeout):
                await self._turn.acquire()
        except TimeoutError:
            raise Unavailable(
                "too many files are being read just now: try again", retry_after=5
            ) from None
        process = _Process()
        loop = asyncio.get_running_loop()
        reading = loop.run_in_executor(self._threads, process.read, files, self._bounds)
        reading.add_done_callback(self._ended)
        try:
            done, _ = await asyncio.wait([reading], timeout=self._timeout)
            if done:
                return reading.result()
            raise Refused(
                "timeout",
                f"the images and files take more than {self._timeout:g} s to read: "
                "send fewer, or smaller ones",
            )
        finally:
            process.kill()
            await asyncio.wait([reading])

    def _ended(self, reading: asyncio.Future[Any]) -> None:
        """Give the turn on; it ends with the thread, which ends with its process."""
        self._turn.release()
        if not reading.cancelled():
            reading.exception()  # nobody may be left to hear of it


class _Process:
    """One process, which may be killed before it has begun."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False

    def kill(self) -> None:
        """End the process at once, or as soon as it has begun; waits for nothing."""
        self._killed = True
        if self._process is not None:
            self._process.kill()

    def read(
        self, files: Sequence[tuple[Task, str]], bounds: Bounds
    ) -> tuple[list[str], Refused | None]:
        """Have files read; blocks until that is done. Raises `Refused`."""
        self._process = process = subprocess.Popen(
            WORKER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env={},
        )
        if self._killed:
            process.kill()
        try:
            with process:
                return _exchange(process, files, bounds)
        except (OSError, ValueError, msgspec.MsgspecError):
            raise Refused(
                "broken", "the images and files can't be read: send them in another form"
            ) from None


def _exchange(
    process: subprocess.Popen[bytes], files: Sequence[tuple[Task, str]], bounds: Bounds
) -> tuple[list[str], Refused | None]:
    assert process.stdin is not None
    assert process.stdout is not None
    tasks = tuple((task, len(data)) for task, data in files)
    process.stdin.write(encode(Order(bounds=bounds, tasks=tasks)) + b"\n")
    for _, data in files:
        for at in range(0, len(data), SLICE):
            process.stdin.write(data[at : at + SLICE].encode())
    process.stdin.close()
    made: list[str] = []
    for result in results_in(process.stdout.readline(SLICE)):
        if result.rule:
            return made, Refused(result.rule, result.problem)
        if result.size > bounds.max_result:
            raise ValueError("the process says more than it may")
        made.append(_text(process.stdout, result.size))
    if len(made) != len(files):
        raise ValueError("the process has left files out")
    return made, None


def _text(source: IO[bytes], size: int) -> str:
    """Read a text of this many bytes; raise `ValueError` when there are fewer."""
    decoder = getincrementaldecoder("utf-8")()
    pieces = []
    while size and (piece := source.read(min(size, SLICE))):
        size -= len(piece)
        pieces.append(decoder.decode(piece))
    if size:
        raise ValueError("the process ended early")
    pieces.append(decoder.decode(b"", final=True))
    return "".join(pieces)
