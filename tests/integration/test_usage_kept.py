"""No row of usage is lost when the router is ended by a signal."""

import asyncio
import json
import signal
import sqlite3
from pathlib import Path

import httpx

from tests.core.cli.support import EMBEDDED, serving

PLUGIN = """
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from localai import Call, Chunks, Gateway, Handler, Usage, hookimpl


class Recorder:
    @hookimpl
    @asynccontextmanager
    async def lifespan(self, gateway: Gateway) -> AsyncIterator[None]:
        self.gateway = gateway
        yield

    @hookimpl
    def around_inference(self, next: Handler) -> Handler:
        async def recorded(call: Call) -> Chunks:
            try:
                async with aclosing(next(call)) as chunks:
                    async for chunk in chunks:
                        yield chunk
            finally:
                self.gateway.usage.record(
                    Usage(
                        at=time.time(),
                        request_id=call.request_id,
                        tenant=call.principal.tenant,
                        key=call.principal.id,
                        user=call.principal.user,
                        model=call.model,
                        kind=call.kind,
                    )
                )

        return recorded
"""
TOML = f"""{EMBEDDED}
[server]
port = 0
[log]
format = "json"
[chain]
plugins = ["recorder"]
[plugins.recorder]
use = "recorder:Recorder"
"""


async def test_every_request_before_the_signal_is_kept(tmp_path: Path) -> None:
    """Each request that was answered, or under way, when SIGTERM came is in the database."""
    (tmp_path / "recorder.py").write_text(PLUGIN)
    (tmp_path / "localai.toml").write_text(TOML)
    body = {"model": "localai-guide", "prompt": "hello"}
    ids = [f"req-{number}" for number in range(12)]
    async with serving("-c", tmp_path / "localai.toml", "serve") as router:
        url = (await router.until("ready"))["url"]
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:

            async def ask(request_id: str) -> None:
                headers = {"x-request-id": request_id}
                answer = await client.post("/api/generate", json=body, headers=headers)
                assert json.loads(answer.text.splitlines()[-1])["done"]

            await asyncio.gather(*map(ask, ids[:-1]))
            headers = {"x-request-id": ids[-1]}
            async with client.stream("POST", "/api/generate", json=body, headers=headers) as answer:
                router.process.send_signal(signal.SIGTERM)
                await answer.aread()
        await router.process.communicate()
        assert router.process.returncode == 0
    with sqlite3.connect(tmp_path / "data" / "localai.db") as connection:
        rows = connection.execute("SELECT request_id FROM usage").fetchall()
    connection.close()
    assert sorted(request_id for (request_id,) in rows) == sorted(ids)
