"""A real Prometheus, from Debian's package, with the files that are shipped."""

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
SHIPPED = DEPLOY / "prometheus"
TARGET = "127.0.0.1:8000"
EVERY = "15s"
KEY_FILE = "localai.key"
PATIENCE = 60
"""Seconds after which a test gives up; a busy machine is slow."""

Series = dict[str, Any]
"""As the API returns it: `metric` has the labels, `values` are pairs of time and text."""


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run Prometheus' own checks."""
    return subprocess.run(
        [_installed("promtool"), *map(str, arguments)], capture_output=True, text=True, timeout=60
    )


@dataclass
class Prometheus:
    """A server that scrapes one router each second."""

    client: httpx.AsyncClient

    async def get(self, path: str, **parameters: str | float) -> Any:
        """Return what an endpoint of the API says; a query that can't be read fails the test."""
        answer = await self.client.get(f"/api/v1/{path}", params=parameters)
        found = answer.json()
        assert found["status"] == "success", f"{parameters}: {found.get('error')}"
        return found["data"]

    async def since(self, begin: float, expression: str) -> Sequence[Series]:
        """Return what an expression was in each second since a time."""
        data = await self.get("query_range", query=expression, start=begin, end=time.time(), step=1)
        return list(data["result"])

    async def target(self) -> dict[str, Any]:
        """Return how the scraping of the router goes."""
        (target,) = (await self.get("targets"))["activeTargets"]
        return dict(target)

    async def scraped(self, times: int = 2) -> None:
        """Wait until the router was scraped so many times after now."""
        now = time.time()

        async def scrapes() -> int:
            seconds = int(time.time() - now)
            if seconds < times:
                return 0
            query = f'count_over_time(up{{job="localai"}}[{seconds}s])'
            data = await self.get("query", query=query)
            return int(data["result"][0]["value"][1]) if data["result"] else 0

        async with asyncio.timeout(PATIENCE):
            while await scrapes() < times:  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0.2)


@asynccontextmanager
async def scraping(folder: Path, address: str, key: str) -> AsyncIterator[Prometheus]:
    """Run Prometheus with the shipped files in front of the router at an address, each second."""
    config = configured(folder, address, key)
    port = _free_port()
    # It dies with the tests, however they end.
    command = [
        *("setpriv", "--pdeathsig", "KILL", "--", _installed("prometheus")),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    file = folder / "prometheus.log"
    with file.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        base = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=base, trust_env=False, timeout=PATIENCE) as client:
            if not await _ready(client, process):
                pytest.fail(f"Prometheus does not start: {file.read_text()}")
            yield Prometheus(client)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def configured(folder: Path, address: str, key: str) -> Path:
    """Copy the shipped files, for a router at another address that is scraped more often."""
    for file in ("alerts.yml", "prometheus.yml"):
        shutil.copy(SHIPPED / file, folder)
    config = folder / "prometheus.yml"
    text = config.read_text()
    assert text.count(TARGET) == 1
    assert text.count(EVERY) == 2
    config.write_text(text.replace(TARGET, address).replace(EVERY, "1s"))
    (folder / KEY_FILE).write_text(f"{key}\n")  # with the line end that the shell's > leaves
    return config


async def _ready(client: httpx.AsyncClient, process: asyncio.subprocess.Process) -> bool:
    """Wait until it answers; say whether it does."""
    async with asyncio.timeout(PATIENCE):
        while process.returncode is None:
            try:
                if (await client.get("/-/ready")).status_code == 200:
                    return True
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)
    return False


def _installed(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.fail(f"this test needs {program}: apt-get install prometheus")
    return found


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
