"""Several routers on one Redis, each a process of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from tests.core.cli.support import serving
from tests.plugins.support import asking
from tests.servers.redis import Redis

KEY = "my-own-key-0123456789"


@pytest.fixture
async def three(redis: Redis, tmp_path: Path) -> AsyncIterator[list[str]]:
    """Three routers, each a process of its own, on one Redis."""
    file = tmp_path / "localai.toml"
    # A machine that is busy with the tests may take longer than the default allows.
    file.write_text(
        f"""
[server]
port = 0
[ollama]
embedded = "always"
[chain]
plugins = ["auth.limits", "auth.static"]
[plugins.auth.static]
keys = [{{ name = "me", key = "{KEY}" }}]
[plugins.auth.limits]
storage = "{redis.url}"
timeout = "2s"
rules = [{{ kind = "chat", requests = "10/minute" }}]
"""
    )
    async with AsyncExitStack() as stack:
        routers = [await stack.enter_async_context(serving("serve", "-c", file)) for _ in "abc"]
        yield [(await router.until("ready"))["url"] for router in routers]


async def test_three_routers_on_one_redis_admit_ten(three: list[str]) -> None:
    """Of 200 requests at once with one key, exactly 10 are answered, all others refused."""
    pool = httpx.Limits(max_connections=200)
    headers = {"x-api-key": KEY}
    async with httpx.AsyncClient(trust_env=False, limits=pool, timeout=60) as client:
        found = await asyncio.gather(
            *(
                client.post(f"{three[number % 3]}/api/chat", json=asking(), headers=headers)
                for number in range(200)
            )
        )
    statuses = [each.status_code for each in found]
    assert {status: statuses.count(status) for status in set(statuses)} == {200: 10, 429: 190}
