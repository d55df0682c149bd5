"""`GET /ui/events`: what goes on, as server-sent events."""

import asyncio
import contextlib
import time
from typing import Any

from localai import Connection, Forbidden, Gateway, Unauthenticated
from plugins.metrics.dashboard.hub import Hub, event
from plugins.metrics.dashboard.rights import SEE, rights
from plugins.metrics.dashboard.viewer import Viewer

CHECK_EVERY = 30.0
"""Seconds after which it is looked again whether the viewer may still see this."""
STALLED = 20.0
"""Seconds after which who does not read at all has left."""

HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # Else nginx would hold events back (X-Accel, "Controlling buffering").
    (b"x-accel-buffering", b"no"),
]


class EventStream:
    """An ASGI application that lasts until the viewer leaves, or has to."""

    def __init__(self, gateway: Gateway, hub: Hub) -> None:
        self._gateway = gateway
        self._hub = hub

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send the history, and then a snapshot each second."""
        can = rights(self._gateway, scope)
        generation = scope["localai.generation"]
        with self._hub.joined(generation, sees_callers=can["callers"]) as viewer:
            leaving = asyncio.create_task(_gone(receive, viewer), name="dashboard viewer")
            try:
                await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
                with contextlib.suppress(TimeoutError):
                    await self._show(scope, viewer, send)
            finally:
                leaving.cancel()
                await asyncio.gather(leaving, return_exceptions=True)

    async def _show(self, scope: Any, viewer: Viewer, send: Any) -> None:
        checked = time.monotonic()
        while message := await viewer.next():
            await _write(send, message)
            if time.monotonic() - checked >= CHECK_EVERY:
                checked = time.monotonic()
                if not await self._may_stay(scope):
                    viewer.leave("unauthorised")
        last = event("end", {"reason": viewer.end}) if viewer.end else b""
        await _write(send, last, more=False)

    async def _may_stay(self, scope: Any) -> bool:
        try:
            await self._gateway.current.authorise(Connection(scope), SEE)
        except (Unauthenticated, Forbidden):
            return False
        return True


async def _write(send: Any, body: bytes, *, more: bool = True) -> None:
    async with asyncio.timeout(STALLED):
        await send({"type": "http.response.body", "body": body, "more_body": more})


async def _gone(receive: Any, viewer: Viewer) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    viewer.leave()
