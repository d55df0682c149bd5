"""What OpenAI's own client makes of the router's refusals."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import openai
import pytest

from tests.support import Router, routing

KEY = "my-own-key-0123456789"


@pytest.fixture
async def router(tmp_path: Path) -> AsyncIterator[Router]:
    """A router where one key may chat once a minute, with one model."""
    toml = (
        '[ollama]\nembedded = "always"\n[chain]\nplugins = ["auth"]\n'
        f'[plugins.auth.static]\nkeys = [{{ name = "me", key = "{KEY}", scopes = ["chat"], '
        'models = ["localai-guide", "gone"] }]\n'
        '[plugins.auth.limits]\nrules = [{ per = "key", kind = "chat", requests = "1/minute" }]\n'
    )
    async with routing(toml, tmp_path) as running:
        yield running


def client_of(router: Router, key: str = KEY) -> openai.AsyncOpenAI:
    """Return OpenAI's client with this key, which tries once."""
    return openai.AsyncOpenAI(
        base_url=f"{router.url}/v1",
        api_key=key,
        max_retries=0,
        http_client=openai.DefaultAsyncHttpxClient(trust_env=False),
    )


async def ask(client: openai.AsyncOpenAI, model: str = "localai-guide") -> str:
    """Ask something short, and return the answer."""
    answer = await client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": "hello"}]
    )
    return answer.choices[0].message.content or ""


async def test_the_client_raises_the_right_class(router: Router) -> None:
    """401, 403, 404 and 429 are four different exceptions, each with its code and message."""
    async with client_of(router, "another-key-0123456789") as stranger:
        with pytest.raises(openai.AuthenticationError, match="not known here") as unknown:
            await ask(stranger)
        assert unknown.value.code == "invalid_api_key"
    async with client_of(router) as client:
        with pytest.raises(openai.PermissionDeniedError, match="may not use model 'other'"):
            await ask(client, "other")
        with pytest.raises(openai.PermissionDeniedError, match="'models:read'"):
            await client.models.list()
        with pytest.raises(openai.NotFoundError):
            await client.post("/nothing-here", cast_to=httpx.Response)
        assert await ask(client)
        with pytest.raises(openai.RateLimitError, match="try again in") as limited:
            await ask(client)
        assert limited.value.code == "rate_limit_exceeded"
        headers = limited.value.response.headers
        assert 0 < int(headers["retry-after"]) <= 60
        assert headers["x-ratelimit-limit-requests"] == "1"
        assert headers["x-ratelimit-remaining-requests"] == "0"
