"""Figures of the router itself."""

import asyncio
import os
from pathlib import Path

import core
from core.gateway import Gateway
from plugins.metrics.prometheus.router import Process, Reloads, gauges
from tests.double import OllamaDouble, Script
from tests.integration.box import until
from tests.plugins.metrics.prometheus.support import written
from tests.plugins.support import a_call, all_of, serving
from tests.support import routing, toml_for


async def test_the_router_says_how_it_is(tmp_path: Path) -> None:
    """Version, generation, requests and drain are those of the gateway."""
    async with serving(tmp_path, "") as (router, _):
        figures = await written(gauges(router.gateway))
        router.gateway.reload_error = "wrong"
        router.gateway.draining = True
        later = await written(gauges(router.gateway))
    ((version, _),) = figures["localai_build_info"]
    assert version == core.__version__
    assert figures["localai_start_time_seconds"] == {(): router.gateway.started_at}
    names = (
        "generation",
        "reload_failed",
        "draining",
        "engine_embedded",
        "http_requests_in_flight",
    )
    assert [figures[f"localai_{name}"][()] for name in names] == [1, 0, 0, 1, 0]
    assert [later[f"localai_{name}"][()] for name in names] == [1, 1, 1, 1, 0]


async def test_attempts_are_counted_while_they_run(tmp_path: Path) -> None:
    """What an Ollama works on is counted by its place in the file, until it has ended."""
    async with OllamaDouble() as double, routing(toml_for(double.url), tmp_path) as router:
        double.script(Script(tokens=["one", " two"], gate=(gate := asyncio.Event())))
        asking = asyncio.create_task(all_of(router.gateway.infer, a_call(model="tiny")))
        await until(lambda: router.gateway.attempts)
        during = await written(gauges(router.gateway))
        gate.set()
        await asking
        after = await written(gauges(router.gateway))
    assert during["localai_attempts_running"] == {("1",): 1}
    assert after["localai_attempts_running"] == {("1",): 0}


async def test_reloads_are_counted_by_outcome(tmp_path: Path) -> None:
    """A good file is one `ok`, a bad one a `failed`; both are there from the start."""
    reloads = Reloads()
    assert await written([reloads.family]) == {
        "localai_reloads_total": {("ok",): 0, ("failed",): 0}
    }
    more = '[log]\nlevel = "info"\n'
    async with serving(tmp_path, "", more) as (router, _):
        looking = asyncio.create_task(reloads.look(router.gateway))
        await asyncio.sleep(0)
        await router.change("info", "nonsense")
        await router.change("nonsense", "warning")
        await router.change("warning", "info")
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
    assert (await written([reloads.family]))["localai_reloads_total"] == {
        ("ok",): 2,
        ("failed",): 1,
    }


async def test_the_process_is_this_one() -> None:
    """Its memory and files are what the kernel says, and adding up several makes sense of each."""
    families = await Process().families()
    figures = await written(families)
    assert figures["process_open_fds"][()] > 0
    assert figures["process_resident_memory_bytes"][()] > 10_000_000
    used = sum(os.times()[:2])
    assert 0 < figures["process_cpu_seconds_total"][()] <= used + 1
    kinds = {family.name: (family.kind, family.across) for family in families}
    assert kinds["process_cpu_seconds_total"] == ("counter", "sum")
    assert kinds["process_start_time_seconds"] == ("gauge", "max")


def test_the_gateway_tells_its_version() -> None:
    """It is the one of the package."""
    assert Gateway.version == core.__version__
