"""Reload when a file is saved, or on SIGHUP."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from watchfiles import Change, awatch

from core.errors import SettingsError
from core.gateway import Gateway

log = structlog.get_logger("watch")

DEBOUNCE = 100
"""Milliseconds in which several writes of an editor count as one."""


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
        tasks.add(loop.create_task(_watch(gateway), name="watch files"))
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _watch(gateway: Gateway) -> None:
    while True:
        files = _files(gateway)
        folders = {file.parent for file in files}

        def concerns(_: Change, path: str, files: set[Path] = files) -> bool:
            return Path(path) in files

        # Editors replace files, so the folders are watched, and other files in them ignored.
        changes = awatch(
            *folders, watch_filter=concerns, recursive=False, debounce=DEBOUNCE, step=20
        )
        async with contextlib.aclosing(changes):
            async for changed in changes:
                names = ", ".join(sorted({Path(path).name for _, path in changed}))
                await _reload(gateway, f"{names} changed")
                if _files(gateway) != files:
                    break


def _files(gateway: Gateway) -> set[Path]:
    generation = gateway.current
    files = {source for plugin in generation.plugins for source in plugin.sources}
    if (path := generation.settings.document.path) is not None:
        files.add(path.resolve())
    return files


async def _reload(gateway: Gateway, why: str) -> None:
    with contextlib.suppress(SettingsError):  # logged where it was found
        await gateway.reload(why)
