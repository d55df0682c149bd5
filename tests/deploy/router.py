"""A router in a process of its own, with everything on, in front of a box with many models."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.deploy.prometheus import PATIENCE
from tests.double import OllamaDouble
from tests.integration.box import LARGE, MIDDLE, SMALL, models, settings, until
from tests.plugins.routing.hardware.machines import HALO_HALF, write

FIGURES_KEY = "figures-0123456789abcdef"
"""May read figures and nothing else."""
KEYS = {name: f"{name}-0123456789abcdef" for name in ("all", "poor", "slow")}
"""What they may do is below."""
LOAD = 0.6
"""Seconds that a load takes: shorter ones tell nothing of the speed of the disk."""
TABLES = f"""
[plugins.auth.static]
keys = [
  {{ name = "prometheus", key = "{FIGURES_KEY}", scopes = ["metrics:read"] }},
  {{ name = "all", key = "{KEYS["all"]}", scopes = ["*"] }},
  {{ name = "poor", key = "{KEYS["poor"]}", scopes = ["chat"] }},
  {{ name = "slow", key = "{KEYS["slow"]}", scopes = ["chat"] }},
]
[plugins.auth.limits]
rules = [{{ per = "key", name = "slow", kind = "chat", requests = "1/hour" }}]
failures = "2/minute"
[plugins.auth.budgets]
rules = [{{ per = "key", name = "poor", amount = 1, unit = "tokens", period = "day" }}]
[plugins.routing.hardware]
root = "machine"
interval = "250ms"
[plugins.routing.hosts]
probe = "200ms"
failures_in_a_row = 100
failure_rate = 1.0
[plugins.routing.quiet]
enabled = true
tariff = {{ "00:00-12:00" = 0.20, "12:00-00:00" = 0.30 }}
[plugins.routing.last_resort]
enabled = true
causes = ["error"]
[plugins.routing.fallback]
backoff = "1ms"
retry_share = 1.0
chains = {{ "{LARGE}" = ["{SMALL}"] }}
[plugins.routing.queue]
max_waiting = 1
[plugins.routing.experiments]
enabled = true
[plugins.routing.experiments.experiments.size]
model = "trial"
variants = {{ "{SMALL}" = 0.5, "{MIDDLE}" = 0.5 }}
shadow = {{ "{MIDDLE}" = 1.0 }}
[plugins.cache.semantic]
enabled = false
"""


@dataclass
class Running:
    """The router and the Ollama behind it."""

    address: str
    file: Path
    double: OllamaDouble
    client: httpx.AsyncClient
    """With a key that may do everything."""


@asynccontextmanager
async def a_router(folder: Path) -> AsyncIterator[Running]:
    """Run `localai serve` in front of a double of Ollama; its log is in the folder."""
    write(folder / "machine", HALO_HALF)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    have = models()
    for model in have:
        model.load_seconds = LOAD
    async with OllamaDouble(have) as double:
        file = folder / "localai.toml"
        server = f"port = {port}\nreload = false"
        file.write_text(settings([double.url], TABLES, server).replace("port = 0\n", ""))
        command = [sys.executable, "-m", "core.cli", "--config", str(file), "serve"]
        with (folder / "router.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
        address = f"127.0.0.1:{port}"
        headers = {"authorization": f"Bearer {KEYS['all']}"}
        try:
            async with httpx.AsyncClient(
                base_url=f"http://{address}", headers=headers, trust_env=False, timeout=PATIENCE
            ) as client:
                running = Running(address, file, double, client)
                await _ready(running)
                yield running
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def _ready(router: Running) -> None:
    """Wait until it serves, and has looked at the models."""

    async def serves() -> bool:
        try:
            return (await router.client.get("/health/ready")).status_code == 200
        except httpx.TransportError:
            return False

    async with asyncio.timeout(PATIENCE):
        while not await serves():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    shown = {model.name for model in models()}

    def described() -> bool:
        looked = (each for each in router.double.received if each.path == "/api/show")
        return shown <= {each.json.get("model") for each in looked}

    await until(described)
