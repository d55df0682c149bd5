"""One look a second for all."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from localai import Gateway, Unavailable
from plugins.metrics.dashboard.hub import REVISED_EVERY, Hub, event
from plugins.metrics.dashboard.state import State
from tests.pace import within_async
from tests.plugins.support import serving

CHAIN = "routing cache metrics.log"


def a_hub(gateway: Gateway, most: int = 4) -> Hub:
    """Return a hub that looks when it is told to."""
    return Hub(gateway, State(60), most)


def told(message: bytes) -> dict[str, Any]:
    """Return the events of a message by their names."""
    events = [each.partition("\ndata: ") for each in message.decode().split("\n\n") if each]
    return {name.removeprefix("event: "): json.loads(data) for name, _, data in events}


async def test_an_event_is_one_line_of_json() -> None:
    """Whatever the text is, an event has a name, one line of data, and an empty line."""
    assert event("a", {"b": "\n\r\u2028x"}).decode().count("\n") == 3
    assert told(event("a", {"b": "\n\rx"})) == {"a": {"b": "\n\rx"}}


async def test_all_get_the_same_snapshot(tmp_path: Path) -> None:
    """The first message has the history, the next ones the plugins once, and a snapshot each."""
    async with serving(tmp_path, CHAIN) as (router, _):
        hub = a_hub(router.gateway)
        generation = router.gateway.generation
        with (
            hub.joined(generation, sees_callers=True) as one,
            hub.joined(generation, sees_callers=True) as other,
        ):
            assert {*told(await one.next())} == {"history"}
            await other.next()
            await hub._look()
            first = await one.next()
            assert first == await other.next()
            assert [*told(first)] == ["plugins", "snapshot"]
            await hub._look()
            assert [*told(await one.next())] == ["snapshot"]
        assert hub.viewers == 0


async def test_only_so_many_may_watch(tmp_path: Path) -> None:
    """One viewer more than the setting says is refused, until somebody leaves."""
    async with serving(tmp_path, "metrics.log") as (router, _):
        hub = a_hub(router.gateway, most=1)
        with hub.joined(1, sees_callers=False):
            with pytest.raises(Unavailable, match="viewers"), hub.joined(1, sees_callers=False):
                pass
            assert hub.viewers == 1
        with hub.joined(1, sees_callers=False):
            pass


async def test_a_history_that_was_mended_is_told_again(tmp_path: Path) -> None:
    """When old points have changed, viewers get all again, but not each second."""
    async with serving(tmp_path, "metrics.log") as (router, _):
        hub = a_hub(router.gateway)
        with hub.joined(router.gateway.generation, sees_callers=True) as viewer:
            await hub._look()
            await viewer.next()
            now = time.monotonic()
            for step, comes in ((0.0, True), (1.0, False), (REVISED_EVERY + 0.1, True)):
                hub._state.history.revision += 1
                hub._show(now + step)
                assert ("history" in told(await viewer.next())) is comes
            hub._show(now + 100)
            assert "history" not in told(await viewer.next())


async def test_viewers_of_old_settings_have_to_leave(tmp_path: Path) -> None:
    """After a reload their requests end, so that the old generation can."""
    async with serving(tmp_path, "metrics.log") as (router, _):
        hub = a_hub(router.gateway)
        with hub.joined(router.gateway.generation, sees_callers=True) as viewer:
            await router.gateway.reload("a test")
            await hub._look()
            assert (await viewer.next(), viewer.end) == (b"", "reload")


async def test_at_the_end_all_leave(tmp_path: Path) -> None:
    """When the router drains, or the plugin stops, nobody keeps it from that."""
    async with serving(tmp_path, "metrics.log") as (router, _):
        hub = a_hub(router.gateway)
        running = asyncio.create_task(hub.run())
        with (
            hub.joined(router.gateway.generation, sees_callers=True) as first,
            hub.joined(router.gateway.generation, sees_callers=True) as second,
        ):
            router.gateway.draining = True
            second.show(b"x")
            await hub._look()
            assert (await first.next(), first.end) == (b"", "shutdown")
            router.gateway.draining = False
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            assert second.is_leaving


async def test_a_crash_is_one_second_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a snapshot can't be made, the next one is."""
    async with serving(tmp_path, "metrics.log") as (router, _):
        hub = a_hub(router.gateway)
        look, looks = hub._look, asyncio.Queue[int]()

        async def failing() -> None:
            looks.put_nowait(1)
            if looks.qsize() == 1:
                raise RuntimeError("canary")
            await look()

        monkeypatch.setattr(hub, "_look", failing)
        with hub.joined(router.gateway.generation, sees_callers=True) as viewer:
            await viewer.next()
            running = asyncio.create_task(hub.run())
            async with asyncio.timeout(30):
                assert "snapshot" in told(await viewer.next())
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_a_second_costs_little(tmp_path: Path) -> None:
    """While 32 watch, a second takes 2 ms of CPU at most."""
    async with serving(tmp_path, "metrics.prometheus metrics.energy " + CHAIN) as (router, _):
        hub = a_hub(router.gateway, most=32)
        generation = router.gateway.generation
        viewers = [hub.joined(generation, sees_callers=bool(n % 2)) for n in range(32)]
        for each in viewers:
            each.__enter__()
        await hub._look()
        hub._loaded._asked = time.monotonic() + 1000  # Ollama's answers are not counted here

        async def ten() -> None:
            for _ in range(10):
                hub._state._looked = 0.0
                await hub._look()

        await within_async(10 * 0.002, ten)
        for each in viewers:
            each.__exit__(None, None, None)
