"""How busy models are."""

import asyncio
from pathlib import Path

from plugins.routing.estimate.terms import Outlook
from plugins.routing.queue.outlooks import MOST_LINES
from tests.double import OllamaDouble
from tests.pace import within
from tests.plugins.routing.queue.support import box, gated, models


async def test_an_outlook_tells_what_runs_and_waits(tmp_path: Path) -> None:
    """Slots, who runs, who waits with how many tokens, and whether the model is in memory."""
    async with box(tmp_path, OllamaDouble(), queue="slots = 1") as one:
        assert one.queue.outlook(one.double.url, "tiny") == Outlook()
        await one.ask()
        assert one.queue.outlook(one.double.url, "tiny") == Outlook(is_loaded=True)
        gate = gated(one.double)
        tasks = [one.asking(), one.asking()]
        await one.waiting(1)
        found = one.queue.outlook(one.double.url, "tiny")
        assert (found.slots, found.busy, found.waiting, found.is_loaded) == (1, 1, 1, True)
        assert found.waiting_tokens > 1
        assert found.waiting_prompts >= 1
        assert one.queue.outlook(one.double.url, "tiny-tools").others == 1
        gate.set()
        await asyncio.gather(*tasks)
        assert one.queue.outlook(one.double.url, "tiny-tools").others == 0


async def test_an_outlook_tells_what_is_loaded_before(tmp_path: Path) -> None:
    """While one model loads, another one is known to be loaded after it."""
    gate = asyncio.Event()
    double = OllamaDouble([*models("a", load_gate=gate), *models("b")])
    async with box(tmp_path, double) as one:
        assert one.queue.is_idle
        task = one.asking("a")
        await one.running(1)
        assert (one.queue.is_idle, one.queue.coming()) == (False, {(double.url, "a:latest")})
        assert one.queue.outlook(double.url, "b").loads > 0
        assert one.queue.outlook(double.url, "a").loads == 0
        gate.set()
        await task


async def test_what_nobody_knows_has_slots(tmp_path: Path) -> None:
    """A model that the catalogue does not know has slots, and nothing else is known of it."""
    async with box(tmp_path, OllamaDouble()) as one:
        assert one.queue.outlook(one.double.url, "nobody").slots > 1


async def test_idle_queues_are_forgotten(tmp_path: Path) -> None:
    """However many models there are, only so many queues are kept that nobody uses."""
    async with box(tmp_path, OllamaDouble()) as one:
        outlooks = one.desk.outlooks
        for number in range(3 * MOST_LINES):
            outlooks.line(f"model {number}")
        assert len(outlooks.lines) <= MOST_LINES


async def test_an_outlook_costs_microseconds(tmp_path: Path) -> None:
    """A choice among 50 models on three hosts asks for 150 of them: 4 µs each, at most."""
    async with box(tmp_path, OllamaDouble()) as one:
        await one.ask()
        url = one.double.url

        def ask() -> None:
            for _ in range(150):
                one.queue.outlook(url, "tiny:latest")

        within(150 * 4e-6 * 3, ask)
