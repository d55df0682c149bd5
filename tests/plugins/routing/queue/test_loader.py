"""Loads in front of doubles over real sockets."""

import asyncio
from pathlib import Path

from plugins.routing.queue.plugin import WAITED
from tests.double import OllamaDouble
from tests.plugins.routing.fleet import until
from tests.plugins.routing.queue.support import (
    box,
    models,
)


async def test_a_load_outlives_who_asked_for_it(tmp_path: Path) -> None:
    """The client that wanted a model first may leave: the load goes on, once, for the next."""
    gate = asyncio.Event()
    double = OllamaDouble(models("tiny", load_gate=gate))
    async with box(tmp_path, double) as one:
        first = one.asking()
        await until(lambda: len(double.scheduler.loaded) == 1)
        first.cancel()
        await one.running(0)
        second = one.asking()
        await one.running(1)
        gate.set()
        answer = await second
        assert answer.status_code == 200
        assert double.loads == 1


async def test_a_failed_load_is_told_to_all(tmp_path: Path) -> None:
    """Everybody who waited for a load hears why it failed, and the slots are free."""
    gate = asyncio.Event()
    double = OllamaDouble(models("tiny", load_gate=gate, load_error="no room"), num_parallel=2)
    async with box(tmp_path, double, queue="slots = 2") as one:
        tasks = [one.asking(), one.asking()]
        await one.running(2)
        gate.set()
        answers = await asyncio.gather(*tasks)
        assert [answer.status_code for answer in answers] == [500, 500]
        assert "no room" in answers[0].json()["error"]
        assert one.taken == 0
        assert one.desk.figures.loads == {"failed": 1}


async def test_a_model_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    """Where the host's memory is known, a model that is larger is not even tried."""
    double = OllamaDouble([*models("large", size=9_000_000_000), *models("tiny")])
    async with box(tmp_path, double, catalogue='memory = { "URL" = "4GB" }') as one:
        answer = await one.ask("large")
        assert answer.status_code == 503
        assert "GiB" in answer.json()["error"]
        assert double.loads == 0
        assert (await one.ask("tiny")).status_code == 200


async def test_the_least_used_model_makes_room(tmp_path: Path) -> None:
    """Where two models fit and a third is wanted, that goes which is used less."""
    double = OllamaDouble(models("a", "b", "c", size=1_000_000_000))
    async with box(tmp_path, double, catalogue='memory = { "URL" = "3GB" }') as one:
        for model in ("a", "b", "a", "c"):
            assert (await one.ask(model)).status_code == 200
        assert set(double.loaded) == {"a:latest", "c:latest"}


async def test_unloading_passes(tmp_path: Path) -> None:
    """A request that only unloads a model does so, and the next one loads it again."""
    async with box(tmp_path, OllamaDouble()) as one:
        await one.ask()
        answer = await one.ask(messages=[], keep_alive=0)
        assert answer.json()["done_reason"] == "unload"
        assert not one.double.loaded
        await one.ask()
        assert one.double.loads == 2


async def test_loading_passes(tmp_path: Path) -> None:
    """A request that only loads a model does so by the same load as others."""
    async with box(tmp_path, OllamaDouble()) as one:
        answer = await one.ask(messages=[])
        assert answer.json()["done_reason"] == "load"
        assert one.double.loads == 1


async def test_how_fast_a_host_loads_is_learnt(tmp_path: Path) -> None:
    """Ollama does not say how long a load took: it is the time until its answer was there."""
    size, seconds = 3_000_000_000, 0.6
    double = OllamaDouble(models("tiny", size=size, load_seconds=seconds))
    async with box(tmp_path, double) as one:
        assert (await one.ask()).status_code == 200
        figures = {each.name: list(each.values) for each in one.router.gateway.measures()}
    ((labels, rate),) = figures["localai_load_bytes_per_second"]
    assert labels == ("1",)
    # At most what such a load lets expect, which the usual speed still weighs on.
    assert 0 < rate < 2 * size / seconds


async def test_who_waits_for_a_load_is_told(tmp_path: Path) -> None:
    """While a model loads, the header says which and how long that takes."""
    gate = asyncio.Event()
    double = OllamaDouble(models("tiny", load_gate=gate))
    async with box(tmp_path, double) as one:
        asked = one.asking()
        await until(lambda: list(one.desk.loads))
        (load,) = one.desk.loads
        (turn,) = load.turns
        assert turn.call.headers["x-localai-queue"].startswith("loading=tiny:latest, eta=")
        await asyncio.sleep(WAITED)
        gate.set()
        assert (await asked).headers["x-localai-queue"].startswith("waited=")
