"""What can go wrong with an answer. A `Script` carries one, or `OllamaDouble.fail` queues one.

Every fault is a small object with hooks; `Fault` itself changes nothing.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.double.failures import BUSY, RUNNER_GONE, Cut, Finished, RunnerFailure
from tests.double.go import dumps

if TYPE_CHECKING:
    from tests.double.wire import Wire

_HTML = b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body></body>\r\n</html>\r\n"


class Fault:
    """The hooks, and no fault.

    `gather` is how many streamed objects go into one TCP write; `compressed` asks for gzip.
    """

    gather: int = 1
    compressed: bool = False

    async def before_headers(self, wire: "Wire") -> None:
        """Act when the answer could begin."""

    async def before_line(self, wire: "Wire", sent: int, line: bytes, last: bool) -> None:
        """Act before a streamed object, after `sent` of them; `line` is empty if not streamed."""

    def content_type(self, right: str) -> str:
        """Choose the answer's content type."""
        return right

    def writes(self, framed: bytes) -> Iterator[tuple[bytes, float]]:
        """Cut bytes into TCP writes, each with a pause in seconds after it."""
        yield framed, 0.0


@dataclass(frozen=True, slots=True)
class Status(Fault):
    """An error status with Ollama's body instead of the answer."""

    status: int
    text: str

    async def before_headers(self, wire: "Wire") -> None:
        """Answer with the error."""
        raise RunnerFailure(self.status, self.text)


def busy() -> Status:
    """503: the queue for loads is full."""
    return Status(503, BUSY)


def runner_gone() -> Status:
    """500: the runner crashed or can't be reached."""
    return Status(500, RUNNER_GONE)


def runner_status(status: int, kind: str, message: str, **more: int) -> Status:
    """An error of a runner since 0.30: its own JSON is the text of Ollama's error."""
    inner = {"code": status, "message": message, "type": kind, **more}
    return Status(status, dumps({"error": inner}).decode())


def context_overflow(tokens: int = 40_000, context: int = 32_768) -> Status:
    """400: the prompt is longer than the context, in the runner's JSON."""
    message = (
        f"request ({tokens} tokens) exceeds the available context size ({context} tokens), "
        "try increasing it"
    )
    kind = "exceed_context_size_error"
    return runner_status(400, kind, message, n_prompt_tokens=tokens, n_ctx=context)


def no_embeddings() -> Status:
    """501: the runner was not started for embeddings, in the runner's JSON."""
    message = "This server does not support embeddings. Start it with `--embeddings`"
    return runner_status(501, "not_supported_error", message)


@dataclass(frozen=True, slots=True)
class Reply(Fault):
    """A whole answer of somebody else, such as a proxy in front of Ollama."""

    status: int
    body: bytes
    type: str
    headers: tuple[tuple[str, str], ...] = ()

    async def before_headers(self, wire: "Wire") -> None:
        """Send it."""
        await wire.send(self.status, self.body, self.type, self.headers)
        raise Finished


def bad_gateway() -> Reply:
    """An HTML 502 of a proxy in front."""
    return Reply(502, _HTML, "text/html")


def redirect(location: str, status: int = 307) -> Reply:
    """A redirect to somewhere else."""
    return Reply(status, b"", "text/html; charset=utf-8", (("Location", location),))


@dataclass(frozen=True, slots=True, eq=False)
class Stall(Fault):
    """Silence: before the headers (`after` is `None`) or after that many objects.

    It ends when `until` is set; without one only the peer's leaving ends it.
    """

    after: int | None = None
    until: asyncio.Event | None = None

    async def before_headers(self, wire: "Wire") -> None:
        """Wait here if no byte may be sent."""
        if self.after is None:
            await self._wait()

    async def before_line(self, wire: "Wire", sent: int, line: bytes, last: bool) -> None:
        """Wait here if the time has come."""
        if sent == self.after:
            await self._wait()

    async def _wait(self) -> None:
        await (self.until or asyncio.Event()).wait()


@dataclass(frozen=True, slots=True)
class ErrorLine(Fault):
    """The runner dies after that many objects (or before the last): the stream's error line."""

    after: int
    text: str = "an error was encountered while running the model: unexpected EOF"

    async def before_line(self, wire: "Wire", sent: int, line: bytes, last: bool) -> None:
        """Fail if the time has come."""
        if sent >= self.after or last:
            raise RunnerFailure(500, self.text)


@dataclass(frozen=True, slots=True)
class EndWithoutDone(Fault):
    """A proper end of the body after that many objects, without the `done` object.

    `after=None` cuts just the last object. `clean=False` closes the connection instead of ending
    the chunked body.
    """

    after: int | None = None
    clean: bool = True

    async def before_line(self, wire: "Wire", sent: int, line: bytes, last: bool) -> None:
        """End if the time has come."""
        if last or (self.after is not None and sent >= self.after):
            if not self.clean:
                await wire.close()
                raise Finished
            raise Cut


@dataclass(frozen=True, slots=True)
class Reset(Fault):
    """A TCP reset after that many objects and half of the next; `None`: before the headers."""

    after: int | None = 0

    async def before_headers(self, wire: "Wire") -> None:
        """Reset if no byte may be sent."""
        if self.after is None:
            wire.reset()
            raise Finished

    async def before_line(self, wire: "Wire", sent: int, line: bytes, last: bool) -> None:
        """Send half a line and reset if the time has come."""
        if self.after is not None and (sent >= self.after or last):
            if line:
                await wire.write(line[: len(line) // 2])
            wire.reset()
            raise Finished


@dataclass(frozen=True, slots=True)
class RawLine(Fault):
    """Bytes of the test's choice before the object number `after`: blank, broken or very long."""

    line: bytes
    after: int = 0

    async def before_line(self, wire: "Wire", sent: int, line: bytes, last: bool) -> None:
        """Send the bytes if the time has come."""
        if line and sent == self.after:
            await wire.write(self.line)


def long_line(model: str, size: int) -> RawLine:
    """A valid chat object of at least `size` bytes, made long by log probabilities."""
    entry = {"token": "a", "logprob": -0.5, "bytes": [97]}
    entries = [entry] * (size // len(dumps(entry)) + 1)
    message = {"role": "assistant", "content": ""}
    chunk = {"model": model, "created_at": "2026-11-20T14:00:00.1Z", "message": message}
    return RawLine(dumps({**chunk, "done": False, "logprobs": entries}) + b"\n")


@dataclass(frozen=True, slots=True)
class Split(Fault):
    """Every piece of the answer is cut into TCP writes of `size` bytes.

    `Split(1, pause=0.01)` is a slow-loris answer.
    """

    size: int = 7
    pause: float = 0.0

    def writes(self, framed: bytes) -> Iterator[tuple[bytes, float]]:
        """Cut the bytes."""
        for start in range(0, len(framed), self.size):
            yield framed[start : start + self.size], self.pause


def slow_loris(pause: float = 0.01) -> Split:
    """One byte at a time, `pause` seconds apart."""
    return Split(1, pause)


@dataclass(frozen=True, slots=True)
class Coalesce(Fault):
    """Several objects in one TCP write."""

    gather: int = 3


@dataclass(frozen=True, slots=True)
class ContentType(Fault):
    """The right body under a wrong content type."""

    wrong: str = "text/html; charset=utf-8"

    def content_type(self, right: str) -> str:
        """Give the wrong one."""
        return self.wrong


@dataclass(frozen=True, slots=True)
class Gzip(Fault):
    """A gzip-compressed body, asked for or not, flushed after each object."""

    compressed: bool = True
