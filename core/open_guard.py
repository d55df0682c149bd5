"""The guard around an open plugin: where the plugin crashes, the answer goes on without it."""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

import structlog

from core.errors import GatewayError, PluginFailed
from core.handlers import Follow, Wrap, close, followed, is_cancelled, wrapped
from core.messages import Call, Chunk, Chunks, Handler

log = structlog.get_logger("chain")


class _Tap:
    """The inner answer as an open plugin reads it, kept so that it can go on without the plugin.

    The plugin's own `aclose` is not the end of it: the guard closes the answer.
    """

    def __init__(self, chunks: Chunks) -> None:
        self.chunks = chunks
        self.unseen: list[Chunk] = []
        """What the plugin has taken and not passed on."""
        self.failure: BaseException | None = None
        """How the answer itself ended, if badly: no fault of the plugin."""

    def __aiter__(self) -> "_Tap":
        return self

    async def __anext__(self) -> Chunk:
        try:
            chunk = await self.chunks.__anext__()
        except StopAsyncIteration:
            raise
        except BaseException as error:
            self.failure = error
            raise
        self.unseen.append(chunk)
        return chunk

    def passed(self, chunk: Chunk) -> None:
        """Note what the plugin passes on: one of the chunks it took, or what it made of them."""
        if self.unseen and self.unseen[-1] is not chunk:
            for position, each in enumerate(self.unseen):
                if each is chunk:
                    del self.unseen[: position + 1]
                    return
        self.unseen.clear()

    async def aclose(self) -> None:
        """Do nothing: the guard closes the answer when the plugin has ended."""


_Step = tuple[asyncio.Task[Any] | None, list[_Tap]]
"""Who runs a plugin's handler, and what it has asked for."""


def opened(
    name: str, wrap: Wrap, next: Handler, followers: Sequence[tuple[str, Follow]] = ()
) -> Handler:
    """Return `next` with an open plugin around it that can't hurt an answer by a crash.

    `followers` stand right around the plugin. Raises `SettingsError` where it returns something
    that is no handler.
    """
    nobody: _Step = (None, [])
    current: ContextVar[_Step] = ContextVar(f"taps of {name}", default=nobody)

    def tapped(call: Call) -> Any:
        task, taps = current.get()
        if task is not asyncio.current_task():
            # The plugin asks in a task of its own: that answer may outlive this request, and is
            # the plugin's to read and to close.
            return next(call)
        tap = _Tap(next(call))
        taps.append(tap)
        return tap

    handler = wrapped(name, wrap, tapped)
    if handler is tapped:
        return next
    handler = followed(name, handler, followers)

    async def guarded(call: Call) -> Chunks:
        taps: list[_Tap] = []
        begun = False
        chunks = handler(call)
        # Generators share their caller's context: it is set for each step of this one, and set
        # back after it, because the caller may be this plugin again, by `Gateway.infer`.
        outer = current.get()
        step = (asyncio.current_task(), taps)
        current.set(step)
        try:
            async for chunk in chunks:
                current.set(outer)
                begun = True
                if taps:
                    taps[-1].passed(chunk)
                yield chunk
                current.set(step)
        except GatewayError:
            raise
        except Exception as error:
            if any(tap.failure is error for tap in taps):
                raise
            if is_cancelled():
                raise asyncio.CancelledError from error
            log.exception("plugin crashed, answer goes on without it", plugin=name)
            if not taps:
                if begun:
                    # It answered by itself and stopped half way: there is nothing to go on with.
                    raise PluginFailed(name) from error
                taps.append(_Tap(next(call)))
            tap = taps[-1]
            if tap.failure is not None:
                raise tap.failure from error
            for chunk in tap.unseen:
                yield chunk
            async for chunk in tap.chunks:
                yield chunk
        finally:
            current.set(outer)
            await close(name, chunks)
            for tap in taps:
                await tap.chunks.aclose()

    return guarded
