"""Somebody who watches."""

import asyncio

from plugins.metrics.dashboard.viewer import Viewer


async def test_who_is_slow_gets_the_newest() -> None:
    """Of several snapshots that were not read, only the last is given; what must be kept is."""
    viewer = Viewer(1, sees_callers=False)
    viewer.show(b"1", b"h")
    viewer.show(b"2")
    viewer.show(b"3", b"p")
    assert await viewer.next() == b"hp3"


async def test_the_next_is_waited_for() -> None:
    """Nothing is given twice."""
    viewer = Viewer(1, sees_callers=False)
    viewer.show(b"1")
    assert await viewer.next() == b"1"
    waiting = asyncio.create_task(viewer.next())
    await asyncio.sleep(0)
    assert not waiting.done()
    viewer.show(b"2")
    assert await waiting == b"2"


async def test_leaving_ends_all() -> None:
    """Whoever is to leave is given nothing more, and the first reason counts."""
    viewer = Viewer(1, sees_callers=False)
    waiting = asyncio.create_task(viewer.next())
    await asyncio.sleep(0)
    viewer.leave("reload")
    viewer.leave("shutdown")
    viewer.show(b"late")
    assert await waiting == b""
    assert await viewer.next() == b""
    assert viewer.end == "reload"
