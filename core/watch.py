"""Reload when a file is saved, or on SIGHUP."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from watchfiles import awatch

from core.errors import SettingsError
from core.gateway import Gateway
from core.sources import Stamp, stamp

log = structlog.get_logger("watch")

DEBOUNCE = 100
"""Milliseconds in which several writes of an editor count as one."""
STEP = 100
"""Milliseconds between two looks of the watcher's thread, each of which takes the interpreter's
lock from the event loop."""
LOOK = 1000
"""Milliseconds after which the files are looked at even though nothing was reported."""

Stamps = dict[Path, Stamp]


@asynccontextmanager
async def watching(gateway: Gateway) -> AsyncIterator[None]:
    """Watch the settings and the plugins' code while the context lasts."""
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()

    def hang_up() -> None:
        task = loop.create_task(_reload(gateway, "SIGHUP"), name="reload")
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    loop.add_signal_handler(signal.SIGHUP, hang_up)
    if gateway.settings.server.reload and gateway.settings.document.path is not None:
        watch = _watch(gateway, _stamps(_files(gateway)))
        tasks.add(loop.create_task(watch, name="watch files"))
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _watch(gateway: Gateway, seen: Stamps) -> None:
    """Reload when a file is another one than `seen`.

    What watchfiles reports is only the reason to look: changes between two of its watches, and
    those of a link's target, it does not report.
    """
    while True:
        seen = await _look(gateway, seen)
        folders = {file.parent for file in seen if file.parent.is_dir()}
        reports = awatch(
            *folders,
            recursive=False,
            debounce=DEBOUNCE,
            step=STEP,
            rust_timeout=LOOK,
            yield_on_timeout=True,
        )
        async with contextlib.aclosing(reports):
            async for _ in reports:
                seen = await _look(gateway, seen)
                if {file.parent for file in seen if file.parent.is_dir()} != folders:
                    break


async def _look(gateway: Gateway, seen: Stamps) -> Stamps:
    """Reload if a file has changed; return what has been seen now."""
    found = _stamps(seen)
    changed = [file for file in seen if seen[file] != found[file]]
    if not changed:
        return seen
    # What somebody has changed and applied by themselves is in use already.
    news = sorted(file.name for file in changed if gateway.taken != (file, found[file]))
    if news:
        await _reload(gateway, f"{', '.join(news)} changed")
    # Of each file, what was there before the reload counts: later changes cause another one.
    return {file: found.get(file, now) for file, now in _stamps(_files(gateway)).items()}


def _stamps(files: Iterable[Path]) -> Stamps:
    return {file: stamp(file) for file in files}


def _files(gateway: Gateway) -> set[Path]:
    generation = gateway.current
    files = {source for plugin in generation.plugins for source in plugin.sources}
    if (path := generation.settings.document.path) is not None:
        files.add(path.absolute())
    return files


async def _reload(gateway: Gateway, why: str) -> None:
    with contextlib.suppress(SettingsError):  # logged where it was found
        await gateway.reload(why)
