"""What the guards of the chain do with a plugin's handler: make it, have it followed, close it."""

import asyncio
import inspect
from collections.abc import Callable, Sequence

import structlog

from core.errors import SettingsError
from core.messages import Chunks, Handler

log = structlog.get_logger("chain")

Wrap = Callable[[Handler], Handler]
"""A plugin's `around_inference`."""
Follow = Callable[[str, Handler], Handler]
"""A plugin's `around_plugin`."""


def wrapped(name: str, wrap: Wrap, next: Handler) -> Handler:
    """Return what a plugin puts around `next`; raise `SettingsError` for what is no handler."""
    try:
        handler = wrap(next)
    except Exception as error:
        raise failed("around_inference", name, error) from error
    if handler is not next and not inspect.isasyncgenfunction(handler):
        raise SettingsError(
            f"plugin '{name}': around_inference must return an async generator function "
            f"(`async def` with `yield`), not {handler!r}"
        )
    return handler


def followed(name: str, handler: Handler, followers: Sequence[tuple[str, Follow]]) -> Handler:
    """Return a plugin's handler with those around it that follow plugins, the first outermost.

    Raises `SettingsError` where one of them returns something that is no handler.
    """
    for follower, follow in reversed(followers):
        try:
            handler = follow(name, handler)
        except Exception as error:
            raise failed("around_plugin", follower, error) from error
        if not callable(handler):
            raise SettingsError(
                f"plugin '{follower}': around_plugin must return a handler, not {handler!r}"
            )
    return handler


def failed(hook: str, name: str, error: Exception) -> SettingsError:
    """Return the error for a hook that fails at load."""
    return SettingsError(f"plugin '{name}': {hook} failed: {type(error).__name__}: {error}")


async def close(name: str, chunks: Chunks) -> None:
    """Close a plugin's generator when the caller stops; nobody is left to hear of a crash."""
    try:
        await chunks.aclose()
    except Exception:
        log.exception("plugin crashed while it was closed", plugin=name)


def is_cancelled() -> bool:
    """Say whether this task is to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
