"""Fold the plugins around the one inference call, once, at load.

Each plugin gets a guard by its fail mode. A crash in a *closed* plugin ends the request: nothing
passes unchecked. A crash in an *open* plugin is logged, and the answer goes on without it.
"""

import asyncio
import inspect
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import partial
from traceback import walk_tb
from types import CodeType
from typing import Any

import structlog

from core.errors import GatewayError, PluginFailed, SettingsError
from core.listing import Lister, Listing, Models
from core.loader import Plugin
from core.messages import Call, Chunk, Chunks, Handler
from core.watchdog import Current, Watch, watched

log = structlog.get_logger("chain")

Wrap = Callable[[Handler], Handler]


def compose(
    wraps: list[tuple[str, Wrap]],
    plugins: Mapping[str, Plugin],
    handler: Handler,
    timeout: float = 60.0,
) -> Handler:
    """Return `handler` wrapped by each of (plugin name, `around_inference`), the first outermost.

    `timeout` is for how many seconds closed plugins may keep a call to themselves. Raises
    `SettingsError` where a plugin returns something that is no handler.
    """
    closed = _Group()
    for name, wrap in reversed(wraps):
        if plugins[name].fail_mode != "closed":
            handler = _open(name, wrap, _closed(closed, handler, timeout))
            closed = _Group()
            continue
        inner = handler if closed.names else watched(handler, closed.watch)
        made = _made(name, wrap, inner)
        if made is inner:
            continue
        closed.names[_code_of(made)] = name
        handler = made
    return _closed(closed, handler, timeout)


def compose_lister(
    wraps: list[tuple[str, Callable[[Lister], Lister]]],
    plugins: Mapping[str, Plugin],
    lister: Lister,
) -> Lister:
    """Return `lister` wrapped by each of (plugin name, `around_models`), the first outermost.

    Raises `SettingsError` where a plugin returns something that is no lister.
    """
    for name, wrap in reversed(wraps):
        try:
            made = wrap(lister)
        except Exception as error:
            raise _failed("around_models", name, error) from error
        if made is not lister and not inspect.iscoroutinefunction(made):
            raise SettingsError(
                f"plugin '{name}': around_models must return an `async def`, not {made!r}"
            )
        lister = _guarded_lister(name, plugins[name].fail_mode == "closed", made, lister)
    return lister


def _guarded_lister(name: str, is_closed: bool, lister: Lister, next: Lister) -> Lister:
    async def guarded(listing: Listing) -> Models:
        try:
            return await lister(listing)
        except GatewayError:
            raise
        except Exception as error:
            if is_closed:
                log.exception("plugin crashed, request refused", plugin=name)
                raise PluginFailed(name) from error
            log.exception("plugin crashed, models are listed without it", plugin=name)
            return await next(listing)

    return guarded


def _failed(hook: str, name: str, error: Exception) -> SettingsError:
    return SettingsError(f"plugin '{name}': {hook} failed: {type(error).__name__}: {error}")


def _made(name: str, wrap: Wrap, next: Handler) -> Handler:
    try:
        handler = wrap(next)
    except Exception as error:
        raise _failed("around_inference", name, error) from error
    if handler is not next and not inspect.isasyncgenfunction(handler):
        raise SettingsError(
            f"plugin '{name}': around_inference must return an async generator function "
            f"(`async def` with `yield`), not {handler!r}"
        )
    return handler


class _Group:
    """Closed plugins that stand next to each other."""

    def __init__(self) -> None:
        self.names: dict[CodeType | None, str] = {}
        """By the code of their handlers, innermost first."""
        self.watch: Current = ContextVar("watch", default=None)


def _closed(group: _Group, handler: Handler, timeout: float) -> Handler:
    """Guard closed plugins together: a guard for each would cost a step for each chunk."""
    names = group.names
    if not names:
        return handler
    *_, outermost = names.values()

    async def closed(call: Call) -> Chunks:
        watch = Watch(timeout)
        before = group.watch.get()
        group.watch.set(watch)
        chunks = handler(call)
        try:
            async for chunk in chunks:
                if chunk.__class__ is not Chunk:
                    raise TypeError(f"a plugin made {type(chunk).__name__} where a Chunk belongs")
                watch.out = True
                yield chunk
                watch.out = False
                watch.moved = True
        except GatewayError:
            raise
        except asyncio.CancelledError as error:
            if not watch.expired:
                raise
            watch.forgive()
            name = _culprit(names, error)
            log.error("plugin took too long, request refused", plugin=name, seconds=timeout)
            raise PluginFailed(name) from error
        except Exception as error:
            name = _culprit(names, error)
            log.exception("plugin crashed, request refused", plugin=name)
            raise PluginFailed(name) from error
        finally:
            watch.stop()
            group.watch.set(before)
            await _close(outermost, chunks)

    return closed


def _code_of(handler: Handler) -> CodeType | None:
    while isinstance(handler, partial):
        handler = handler.func
    return getattr(handler, "__code__", None)


def _culprit(names: Mapping[CodeType | None, str], error: BaseException) -> str:
    """Return which plugin an exception came out of first."""
    found, *_ = names.values()
    for frame, _ in walk_tb(error.__traceback__):
        found = names.get(frame.f_code, found)
    return found


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


def _open(name: str, wrap: Wrap, next: Handler) -> Handler:
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

    handler = _made(name, wrap, tapped)
    if handler is tapped:
        return next

    async def opened(call: Call) -> Chunks:
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
            if _is_cancelled():
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
            await _close(name, chunks)
            for tap in taps:
                await tap.chunks.aclose()

    return opened


async def _close(name: str, chunks: Chunks) -> None:
    """Close a plugin's generator when the caller stops; nobody is left to hear of a crash."""
    try:
        await chunks.aclose()
    except Exception:
        log.exception("plugin crashed while it was closed", plugin=name)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
