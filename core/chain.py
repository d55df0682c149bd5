"""Fold the plugins around the one inference call, once, at load.

Each plugin gets a guard by its fail mode. A crash in a *closed* plugin ends the request: nothing
passes unchecked. A crash in an *open* plugin is logged, and the answer goes on without it.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from traceback import walk_tb
from types import CodeType

import structlog

from core.errors import GatewayError, PluginFailed, SettingsError
from core.handlers import Follow, Wrap, close, failed, followed, is_cancelled, wrapped
from core.listing import Lister, Listing, Models
from core.loader import Plugin
from core.messages import Call, Chunk, Chunks, Handler
from core.open_guard import opened
from core.watchdog import Watches, watched

log = structlog.get_logger("chain")

Before = Callable[[Call], Awaitable[Call]]


def compose(
    wraps: Sequence[tuple[str, Wrap]],
    plugins: Mapping[str, Plugin],
    handler: Handler,
    timeout: float = 60.0,
    befores: Sequence[tuple[str, Before]] = (),
    followers: Sequence[tuple[str, Follow]] = (),
) -> Handler:
    """Return `handler` with the plugins around it, in their order: the first outermost.

    `wraps` are (plugin name, `around_inference`), `befores` are (plugin name, `before_inference`);
    of a plugin with both, the latter comes first. `timeout` is for how many seconds closed plugins
    may keep a call to themselves. `followers` are (plugin name, `around_plugin`): they stand right
    around each plugin, inside its guard. Raises `SettingsError` where a plugin returns something
    that is no handler.
    """
    around, before = dict(wraps), dict(befores)
    closed = _Closed(handler, timeout, followers)
    for name in reversed(list(plugins)):
        if plugins[name].fail_mode == "closed":
            if plugins[name].waits and closed.is_watched:
                closed = _Closed(closed.guarded(), timeout, followers)
            closed.add(name, around.get(name), before.get(name), waits=plugins[name].waits)
            continue
        if name not in around and name not in before:
            continue
        handler = closed.guarded()
        if name in around:
            handler = opened(name, around[name], handler, followers)
        if name in before:
            handler = _preceded([(name, _forgiven(name, before[name]))], handler)
            handler = followed(name, handler, followers)
        closed = _Closed(handler, timeout, followers)
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
            raise failed("around_models", name, error) from error
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


class _Closed:
    """Closed plugins that stand next to each other, guarded together.

    A guard for each would cost a step for each chunk, as would a generator for each plugin that
    looks at the call only: those that do so one after the other share one, or the guard's own.
    """

    def __init__(
        self, handler: Handler, timeout: float, followers: Sequence[tuple[str, Follow]]
    ) -> None:
        self._handler = handler
        self._timeout = timeout
        self._followers = followers
        self._watches = Watches(timeout)
        self.is_watched = False
        """Whether there is a plugin in it that must not keep a call for too long."""
        self._names: dict[CodeType | None, str] = {}
        """By the code of their hooks, innermost first."""
        self._befores: list[tuple[str, Before]] = []
        """What sees a call before the handler, the first outermost."""

    def add(self, name: str, wrap: Wrap | None, before: Before | None, *, waits: bool) -> None:
        """Put a plugin around what there is; one that `waits` may keep a call for long."""
        is_there = before is not None
        if wrap is not None:
            is_there |= self._wrap(name, wrap, waits=waits)
        if before is not None:
            self._precede(name, before)
        if is_there and self._followers:
            self._handler = followed(name, self._inner(self._handler), self._followers)
            self._befores = []

    def _wrap(self, name: str, wrap: Wrap, *, waits: bool) -> bool:
        """Put a plugin's handler around what there is; say whether it has one."""
        inner = self._inner(self._handler if waits else self._watched())
        made = wrapped(name, wrap, inner)
        if made is inner:
            return False
        self._names[_code_of(made)] = name
        self._handler = made
        self._befores = []
        self.is_watched |= not waits
        return True

    def _precede(self, name: str, before: Before) -> None:
        """Have a plugin look at the call first."""
        self._handler, self.is_watched = self._watched(), True
        self._names[_code_of(before)] = name
        self._befores = [(name, before), *self._befores]

    def _inner(self, handler: Handler) -> Handler:
        """Return a handler with what sees a call before it."""
        return _preceded(self._befores, handler) if self._befores else handler

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
                    await close(outermost, chunks)

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
            if is_cancelled():
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
