"""Two routers, each in a process of its own, with one folder of figures."""

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


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
async def test_a_process_that_ends_takes_nothing_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: signal.Signals
) -> None:
    """Either process tells what both have counted; when one ends, however it does, the sum stays
    and goes on, and the folder has no file of the dead."""
    shared = tmp_path / "figures"
    monkeypatch.setenv(FOLDER, str(shared))
    async with a_router(tmp_path / "one") as one, a_router(tmp_path / "two") as two:
        await one.ask(2)
        await two.ask(3)
        assert await one.answered() >= 2  # and now it has told its own to all
        assert await two.answered() == 5
        assert await one.answered() == 5
        assert (await one.figures())["process_open_fds"][()] > 20
        two.serving.process.send_signal(sent)
        await two.serving.process.wait()
        assert await one.answered() == 5
        await one.ask(1)
        assert await one.answered() == 6
        names = {file.name.partition(".")[0] for file in shared.iterdir()}
        assert names == {"guard", "past", next(shared.glob("*.alive")).stem}


async def test_figures_of_others_are_at_most_a_second_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that nobody scrapes tells the others by itself."""
    monkeypatch.setenv(FOLDER, str(tmp_path / "figures"))
    async with a_router(tmp_path / "one") as one, a_router(tmp_path / "two") as two:
        await one.ask(1)
        await two.ask(1)
        async with asyncio.timeout(10):
            while await one.answered() < 2:  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(0.1)
