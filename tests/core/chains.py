"""Chains for tests: an innermost handler, plugins that crash where they are told, a caller."""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing
from pathlib import Path
from typing import NamedTuple

from core.chain import compose
from core.loader import FailMode, Plugin
from core.messages import Call, Chunk, Chunks, Handler
from core.principal import Principal

CALL = Call(
    kind="chat",
    model="m",
    stream=True,
    dialect="ollama",
    request_id="r",
    principal=Principal(id="p"),
)
ANSWER = tuple(Chunk(content=letter, done=letter == "e") for letter in "abcde")
PLACES = ("before", "taken", "yielded", "end", "finally")

Wrap = Callable[[Handler], Handler]
Before = Callable[[Call], Awaitable[Call]]


class Hooks(NamedTuple):
    """What a plugin has of the hooks that make the chain."""

    around: Wrap | None = None
    before: Before | None = None


class Inner:
    """The innermost handler: answers, perhaps fails after some chunks, and notes its end."""

    def __init__(self, failure: BaseException | None = None, after: int = 0) -> None:
        self.failure = failure
        self.after = after
        self.begun = 0
        self.closed = 0

    async def handle(self, call: Call) -> Chunks:
        """Answer."""
        self.begun += 1
        try:
            for number, chunk in enumerate(ANSWER):
                if self.failure and number == self.after:
                    raise self.failure
                yield chunk
            if self.failure and self.after >= len(ANSWER):
                raise self.failure
        finally:
            self.closed += 1


def chain(inner: Inner, *wraps: tuple[FailMode, Wrap]) -> Handler:
    """Put plugins, `p0` outermost, around the inner handler."""
    named = [(f"p{number}", wrap) for number, (_, wrap) in enumerate(wraps)]
    plugins = {
        name: Plugin(name, "m:C", object(), mode, "", (Path("m.py"),))
        for (name, _), (mode, _) in zip(named, wraps, strict=True)
    }
    return compose(named, plugins, inner.handle)


def hooked(inner: Handler, *hooks: tuple[FailMode, Hooks], timeout: float = 60.0) -> Handler:
    """Put plugins with these hooks, `p0` outermost, around a handler."""
    plugins = {
        f"p{number}": Plugin(f"p{number}", "m:C", object(), mode, "")
        for number, (mode, _) in enumerate(hooks)
    }
    named = list(zip(plugins, (each for _, each in hooks), strict=True))
    wraps = [(name, each.around) for name, each in named if each.around is not None]
    befores = [(name, each.before) for name, each in named if each.before is not None]
    return compose(wraps, plugins, inner, timeout, befores)


async def ask(handler: Handler, most: int = 99) -> tuple[list[Chunk], BaseException | None]:
    """Return what a caller gets that stops after `most` chunks, and the error, if any."""
    got: list[Chunk] = []
    try:
        async with aclosing(handler(CALL)) as chunks:
            async for chunk in chunks:
                got.append(chunk)
                if len(got) == most:
                    break
    except Exception as error:
        return got, error
    return got, None


def observer(place: str, position: int = 0, ahead: int = 0) -> Wrap:
    """Pass everything on, up to `ahead` chunks late, and crash at a place."""

    def wrap(next: Handler) -> Handler:
        async def observe(call: Call) -> Chunks:
            held: list[Chunk] = []
            taken = yielded = 0
            try:
                crash(place == "before")
                async with aclosing(next(call)) as chunks:
                    async for chunk in chunks:
                        taken += 1
                        crash(place == "taken" and taken == position)
                        held.append(chunk)
                        while len(held) > ahead:
                            yield held.pop(0)
                            yielded += 1
                            crash(place == "yielded" and yielded == position)
                for chunk in held:
                    yield chunk
                crash(place == "end")
            finally:
                crash(place == "finally")

        return observe

    return wrap


def crash(now: bool) -> None:
    """Crash as a plugin with a mistake does, if it is time."""
    if now:
        raise ZeroDivisionError("a slip of the plugin")


def mark(name: str) -> Wrap:
    """Put the name around what each chunk says."""

    def wrap(next: Handler) -> Handler:
        async def marked(call: Call) -> Chunks:
            async with aclosing(next(call)) as chunks:
                async for chunk in chunks:
                    yield chunk.replace(content=f"{name}({chunk.content})")

        return marked

    return wrap


def text_of(chunks: Iterable[Chunk]) -> str:
    """Return what chunks say, with spaces between."""
    return " ".join(chunk.content for chunk in chunks)
