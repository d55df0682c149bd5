"""Asks the processes that judge texts by schemas, each question with a deadline."""

import asyncio
import math
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

from localai import SettingsError

WORKER = str(Path(__file__).with_name("worker.py"))
START_TIMEOUT = 10.0
"""Seconds that a process may take to start."""
NEEDED = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
"""Of the environment; the rest of it may have secrets, and is no business of these processes."""


class Question(msgspec.Struct, array_like=True, frozen=True):
    """A schema, and a text that may fit it."""

    schema: str
    """As JSON."""
    text: str | None = None
    """`None` asks about the schema itself."""
    is_json: bool = True
    """Whether the text is to be read as JSON; else it is a string as it stands."""


class Flaw(msgspec.Struct, array_like=True, frozen=True):
    """What is wrong with a text, or with a schema."""

    rule: str
    """The keyword of JSON Schema, or `json`, `length`, …"""
    place: str = ""
    """A JSON pointer into the schema; it may name what the caller wrote there."""
    hint: str = ""
    """What the model is told; it may quote the text."""


class Undecided(Exception):
    """There is no answer in time."""


Flaws = list[Flaw | None]


class Judge:
    """At most `processes` processes, which wait for questions; one that fails is replaced."""

    def __init__(self, *, processes: int, deadline: float) -> None:
        self._deadline = deadline
        self._slots = asyncio.Semaphore(processes)
        self._idle: list[Process] = []
        self._ending: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start the first process, and end all of them; raise `SettingsError` if none starts."""
        try:
            try:
                await self.ask([])
            except Undecided:
                raise SettingsError("no process to check schemas can be started") from None
            yield
        finally:
            while self._idle:
                self._end(self._idle.pop())
            await asyncio.gather(*self._ending)

    async def ask(self, questions: Sequence[Question]) -> Flaws:
        """Return a flaw, or `None`, for each question.

        Raises `Undecided` when no process is free or none has answered before the deadline.
        """
        line = msgspec.json.encode(questions) + b"\n"
        try:
            async with asyncio.timeout(self._deadline):
                await self._slots.acquire()
        except TimeoutError:
            raise Undecided from None
        try:
            return await self._ask(line)
        finally:
            self._slots.release()

    async def _ask(self, line: bytes) -> Flaws:
        process = self._idle.pop() if self._idle else await self._start()
        try:
            flaws = msgspec.json.decode(
                await self._exchange(process, line, self._deadline), type=Flaws
            )
        except msgspec.DecodeError:
            self._end(process)
            raise Undecided from None
        self._idle.append(process)
        return flaws

    async def _start(self) -> Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",  # not even the folder that this runs in is searched for modules
            WORKER,
            str(math.ceil(self._deadline) + 1),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env={name: os.environ[name] for name in NEEDED if name in os.environ},
            start_new_session=True,  # it ends when the router does, not at the same Ctrl-C
        )
        await self._exchange(process, b"", START_TIMEOUT)
        return process

    async def _exchange(self, process: Process, line: bytes, seconds: float) -> bytes:
        """Return the line that answers `line`; end the process unless it comes."""
        assert process.stdin is not None
        assert process.stdout is not None
        answer = b""
        try:
            async with asyncio.timeout(seconds):
                process.stdin.write(line)
                await process.stdin.drain()
                answer = await process.stdout.readline()
        except (TimeoutError, OSError, ValueError):
            raise Undecided from None
        finally:
            if not answer:
                self._end(process)
        if not answer:
            raise Undecided
        return answer

    def _end(self, process: Process) -> None:
        with suppress(ProcessLookupError):
            process.kill()
        task = asyncio.create_task(_ended(process), name="end of a judge of schemas")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


async def _ended(process: Process) -> None:
    """Wait until a killed process and its pipes are gone."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    with suppress(OSError):
        await process.stdin.wait_closed()
    await process.stdout.read()
    await process.wait()
