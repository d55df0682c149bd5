"""What is shown of the queues."""

import asyncio
from pathlib import Path

from localai import WaitingLine
from tests.double import OllamaDouble
from tests.plugins.routing.queue.support import (
    box,
    gated,
)


async def test_places_are_told_and_shown(tmp_path: Path) -> None:
    """Who waits has a place and an ETA, which /admin/queue shows with keys and without texts."""
    async with box(tmp_path, OllamaDouble()) as one:
        await one.ask()
        gate = gated(one.double)
        tasks = [one.asking() for _ in range(3)]
        await one.waiting(2)
        texts = [
            entry.data.call.headers["x-localai-queue"]
            for entry in one.desk.outlooks.lines["tiny:latest"].waiting
        ]
        assert [text.partition(",")[0] for text in texts] == ["position=1", "position=2"]
        shown = await one.client.get("/admin/queue")
        (model,) = shown.json()["models"]
        assert model["waiting"] == 2
        assert [each["position"] for each in model["next"]] == [1, 2]
        assert model["running"][0]["key"] == "anonymous"
        assert "Hello" not in shown.text
        line = one.router.gateway.find(WaitingLine)
        assert line is not None
        assert [each["waiting"] for each in line.waiting()] == [2]
        assert line.count_waiting() == 2
        measured = {measure.name: measure for measure in one.router.gateway.measures()}
        assert measured["localai_queue_waiting"].values == [(("tiny:latest",), 2.0)]
        gate.set()
        await asyncio.gather(*tasks)
