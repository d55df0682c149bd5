"""Routers, each in a process of its own, with one folder of figures."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from plugins.metrics.prometheus.plugin import FOLDER
from tests.core.cli.support import EMBEDDED, Serving, serving
from tests.plugins.metrics.prometheus.support import Figures, read
from tests.plugins.support import asking

ANSWERED = ("chat", "localai-guide:latest", "embedded", "ok")
PATIENCE = 20
"""Seconds after which the test gives up; a busy machine is slow."""
CHAIN = f'{EMBEDDED}[chain]\nplugins = ["metrics.prometheus"]\n[server]\nport = 0\n'


class Router:
    """A router's process, and a client of it."""

    def __init__(self, serving: Serving, client: httpx.AsyncClient) -> None:
        self.serving = serving
        self._client = client

    async def ask(self, times: int) -> None:
        """Have it answer."""
        for _ in range(times):
            assert (await self._client.post("/api/chat", json=asking())).status_code == 200

    async def figures(self) -> Figures:
        """Scrape it."""
        return read((await self._client.get("/metrics")).text)

    async def answered(self) -> float:
        """Return how many answers there were, as it says."""
        figures = await self.figures()
        count = figures["localai_inference_requests_total"][ANSWERED]
        assert figures["localai_inference_duration_seconds_count"] == {ANSWERED[:2]: count}
        return count


def _settings(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "localai.toml"
    file.write_text(CHAIN)
    return file


@asynccontextmanager
async def a_router(folder: Path) -> AsyncIterator[Router]:
    """Start one with a settings file in a folder of its own."""
    file = _settings(folder)
    async with serving("--config", file, "serve") as process:
        url = (await process.until("ready"))["url"]
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as client:
            yield Router(process, client)


async def test_routers_of_one_folder_count_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each tells what all have counted, a second later at most; when others end, by a signal or
    by kill -9, the sum stays and goes on, and the folder has no file of the dead."""
    shared = tmp_path / "figures"
    monkeypatch.setenv(FOLDER, str(shared))
    async with (
        a_router(tmp_path / "one") as one,
        a_router(tmp_path / "two") as two,
        a_router(tmp_path / "three") as three,
    ):
        await one.ask(2)
        await two.ask(3)
        await three.ask(1)
        async with asyncio.timeout(PATIENCE):
            while await one.answered() < 6:  # noqa: ASYNC110 - nobody scrapes the others
                await asyncio.sleep(0.1)
        assert await two.answered() == 6
        assert (await one.figures())["process_open_fds"][()] > 20
        for each, sent in ((two, signal.SIGKILL), (three, signal.SIGTERM)):
            each.serving.process.send_signal(sent)
            await each.serving.process.wait()
            assert await one.answered() == 6
        await one.ask(1)
        assert await one.answered() == 7
        names = {file.name.partition(".")[0] for file in shared.iterdir()}
        assert names == {"guard", "past", next(shared.glob("*.alive")).stem}
