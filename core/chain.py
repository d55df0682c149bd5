"""Fold the plugins around the one inference call, once, at load.

Each plugin gets a guard by its fail mode. A crash in a *closed* plugin ends the request: nothing
passes unchecked. A crash in an *open* plugin is logged, and the answer goes on without it.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
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
from core.watchdog import Watches, watched

log = structlog.get_logger("chain")

Wrap = Callable[[Handler], Handler]
Before = Callable[[Call], Awaitable[Call]]


def compose(
    wraps: Sequence[tuple[str, Wrap]],
    plugins: Mapping[str, Plugin],
    handler: Handler,
    timeout: float = 60.0,
    befores: Sequence[tuple[str, Before]] = (),
) -> Handler:
    """Return `handler` with the plugins around it, in their order: the first outermost.

    `wraps` are (plugin name, `around_inference`), `befores` are (plugin name, `before_inference`);
    of a plugin with both, the latter comes first. `timeout` is for how many seconds closed plugins
    may keep a call to themselves. Raises `SettingsError` where a plugin returns something that is
    no handler.
    """
    around, before = dict(wraps), dict(befores)
    closed = _Closed(handler, timeout)
    for name in reversed(list(plugins)):
        if plugins[name].fail_mode == "closed":
            if plugins[name].waits and closed.is_watched:
                closed = _Closed(closed.guarded(), timeout)
            if name in around:
                closed.wrap(name, around[name], waits=plugins[name].waits)
            if name in before:
                closed.precede(name, before[name])
            continue
        if name not in around and name not in before:
            continue
        handler = closed.guarded()
        if name in around:
            handler = _open(name, around[name], handler)
        if name in before:
            handler = _preceded([(name, _forgiven(name, before[name]))], handler)
        closed = _Closed(handler, timeout)
    return closed.guarded()


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


class _Closed:
    """Closed plugins that stand next to each other, guarded together.

    A guard for each would cost a step for each chunk, as would a generator for each plugin that
    looks at the call only: those that do so one after the other share one, or the guard's own.
    """

    def __init__(self, handler: Handler, timeout: float) -> None:
        self._handler = handler
        self._timeout = timeout
        self._watches = Watches(timeout)
        self.is_watched = False
        """Whether there is a plugin in it that must not keep a call for too long."""
        self._names: dict[CodeType | None, str] = {}
        """By the code of their hooks, innermost first."""
        self._befores: list[tuple[str, Before]] = []
        """What sees a call before the handler, the first outermost."""

    def wrap(self, name: str, wrap: Wrap, *, waits: bool = False) -> None:
        """Put a plugin's handler around what there is; one that `waits` may do so for long."""
        handler = self._handler if waits else self._watched()
        inner = _preceded(self._befores, handler) if self._befores else handler
        made = _made(name, wrap, inner)
        if made is not inner:
            self._names[_code_of(made)] = name
            self._handler = made
            self._befores = []
            self.is_watched |= not waits

    def precede(self, name: str, before: Before) -> None:
        """Have a plugin look at the call first."""
        self._handler, self.is_watched = self._watched(), True
        self._names[_code_of(before)] = name
        self._befores = [(name, before), *self._befores]

    def _watched(self) -> Handler:
        """Return the handler as plugins see it that are watched: what it does is not theirs."""
        return self._handler if self.is_watched else watched(self._handler, self._watches.current)

    def guarded(self) -> Handler:
        """Return the handler that ends a request where one of the plugins crashes or hangs."""
        if not self._names:
            return self._handler
        handler, befores, names = self._handler, self._befores, self._names
        timeout, watches, is_watched = self._timeout, self._watches, self.is_watched
        *_, outermost = names.values()

        async def closed(call: Call) -> Chunks:
            watch = watches.begin()
            watch.inside = not is_watched
            before = watches.current.get()
            watches.current.set(watch)
            chunks: Chunks | None = None
            try:
                if befores:
                    call = await _prepared(befores, call)
                chunks = handler(call)
                async for chunk in chunks:
                    if chunk.__class__ is not Chunk:
                        raise TypeError(
                            f"a plugin made {type(chunk).__name__} where a Chunk belongs"
                        )
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
                watches.end(watch)
                watches.current.set(before)
                if chunks is not None:
                    await _close(outermost, chunks)

        return closed


async def _prepared(befores: Sequence[tuple[str, Before]], call: Call) -> Call:
    """Have plugins look at a call, one after the other."""
    for name, before in befores:
        call = await before(call)
        if call.__class__ is not Call:
            kind = type(call).__name__
            log.error("before_inference returned no Call, request refused", plugin=name, got=kind)
            raise PluginFailed(name)
    return call


def _preceded(befores: Sequence[tuple[str, Before]], next: Handler) -> Handler:
    async def preceded(call: Call) -> Chunks:
        async with aclosing(next(await _prepared(befores, call))) as chunks:
            async for chunk in chunks:
                yield chunk

    return preceded


def _forgiven(name: str, before: Before) -> Before:
    """Guard an open plugin: where it crashes, the call goes on as it was."""

    async def forgiven(call: Call) -> Call:
        try:
            made = await before(call)
            if made.__class__ is not Call:
                raise TypeError(f"before_inference made {type(made).__name__}, no Call")
        except GatewayError:
            raise
        except Exception as error:
            if _is_cancelled():
                raise asyncio.CancelledError from error
            log.exception("plugin crashed, call goes on without it", plugin=name)
            return call
        return made

    return forgiven


def _code_of(handler: Handler | Before) -> CodeType | None:
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
