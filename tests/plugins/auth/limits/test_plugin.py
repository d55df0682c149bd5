"""Limits of calls, however their answers end."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack, aclosing, suppress
from pathlib import Path
from typing import Any

import openai
import pytest

from core.config import parse
from core.loader import load
from core.tokens import ANSWER
from localai import (
    Call,
    Chunk,
    Chunks,
    Handler,
    Limits,
    Options,
    Principal,
    RateLimited,
    Secret,
    SettingsError,
    UpstreamFailed,
)
from plugins.auth.limits.plugin import RateLimits
from plugins.auth.limits.rules import Rule
from tests.plugins.support import (
    ENDLESS,
    HELLO,
    Model,
    a_call,
    all_of,
    asking,
    connecting,
    leaves,
    serving,
)
from tests.servers.redis import Redis

KEY = "my-own-key-0123456789"
OTHER = "our-team-key-9876543210"
KEYS = (
    "[plugins.auth.static]\n"
    f'keys = [{{ name = "me", key = "{KEY}" }}, {{ name = "us", key = "{OTHER}" }}]\n'
)
CHAIN = "auth.limits auth.static"
ME = Principal(id="key:me", name="me", user="anna", tenant="lab")
EVERYTHING = Rule(requests="100/hour", tokens="1000/hour", concurrent=2)


def limiting(*rules: Rule, **settings: Any) -> RateLimits:
    """Return the plugin with these rules."""
    return RateLimits(RateLimits.Config(rules=rules, **settings))


def mine(**changes: Any) -> Call:
    """Return a call of one key, with a prompt of 1 estimated token."""
    return a_call(principal=ME, connection=connecting("192.0.2.1"), **changes)


async def left(plugin: RateLimits, **changes: Any) -> tuple[int, int]:
    """Return how many requests and tokens an answered call leaves, with the call itself undone."""
    plugin._limiter._running.clear()
    call = mine(**changes)
    await all_of(plugin.around_inference(Model(*HELLO).infer), call)
    headers = call.headers
    return (
        int(headers["x-ratelimit-remaining-requests"]) + 1,
        int(headers["x-ratelimit-remaining-tokens"]) + 1 + ANSWER,
    )


def rules(*texts: str, more: str = "") -> str:
    """Return a file with two keys and these rules."""
    return f"{KEYS}[plugins.auth.limits]\nrules = [{', '.join(texts)}]\n{more}"


TWO = '{ kind = "chat", requests = "2/minute" }'


async def test_the_defaults_are_per_key_and_kind() -> None:
    """60 chats and 120 embeddings a minute, each key by itself."""
    plugin = RateLimits(RateLimits.Config())
    handler = plugin.around_inference(Model(*HELLO).infer)
    chat, embed = mine(), mine(kind="embed", messages=(), inputs=("x",))
    await all_of(handler, chat)
    await all_of(handler, embed)
    assert chat.headers == {
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "1m0s",
    }
    assert embed.headers["x-ratelimit-remaining-requests"] == "119"


@pytest.mark.parametrize("path", ["/api/chat", "/v1/chat/completions"])
@pytest.mark.parametrize("stream", [False, True])
async def test_the_third_of_two_is_refused(tmp_path: Path, path: str, stream: bool) -> None:
    """Headers count down on every answer; a refusal has them too, with the time to wait."""
    async with serving(tmp_path, CHAIN, rules(TWO), x_api_key=KEY) as (_, client):
        found = [await client.post(path, json=asking(stream=stream)) for _ in range(3)]
        assert [each.status_code for each in found] == [200, 200, 429]
        told = [each.headers["x-ratelimit-remaining-requests"] for each in found]
        assert told == ["1", "0", "0"]
        refused = found[-1]
        assert refused.headers["x-ratelimit-limit-requests"] == "2"
        assert refused.headers["x-ratelimit-reset-requests"].endswith("s")
        wait = int(refused.headers["retry-after"])
        assert 50 <= wait <= 60
        error = refused.json()["error"]
        message = error if path.startswith("/api") else error["message"]
        assert message.startswith("2 requests per minute are used up for your key: try again in ")
        answer = await client.post(path, json=asking(), headers={"x-api-key": OTHER})
        assert answer.status_code == 200


async def test_openai_sees_a_limit_as_a_limit(tmp_path: Path) -> None:
    """OpenAI's client raises `RateLimitError`, and finds the wait and what is left."""
    async with (
        serving(tmp_path, CHAIN, rules(TWO)) as (router, _),
        openai.AsyncOpenAI(
            base_url=f"{router.url}/v1",
            api_key=KEY,
            max_retries=0,
            http_client=openai.DefaultAsyncHttpxClient(trust_env=False),
        ) as client,
    ):
        body: Any = {"model": "localai-guide", "messages": [{"role": "user", "content": "Hi"}]}
        for _ in range(2):
            await client.chat.completions.create(**body)
        with pytest.raises(openai.RateLimitError, match="2 requests per minute") as caught:
            await client.chat.completions.create(**body)
    assert (caught.value.type, caught.value.code) == ("requests", "rate_limit_exceeded")
    headers = caught.value.response.headers
    assert headers["x-ratelimit-remaining-requests"] == "0"
    assert 0 < int(headers["retry-after-ms"]) <= 60_000


async def test_one_rule_that_refuses_leaves_the_others_alone() -> None:
    """What was taken of a key's limit is given back when its tenant's has no room."""
    plugin = limiting(Rule(requests="100/hour"), Rule(per="tenant", requests="2/hour"))
    handler = plugin.around_inference(Model(*HELLO).infer)
    for _ in range(2):
        await all_of(handler, mine())
    for _ in range(5):
        with pytest.raises(RateLimited, match="your tenant"):
            await all_of(handler, mine())
    call = mine().replace(principal=ME.replace(tenant="another"))
    await all_of(handler, call)
    assert plugin._limiter._callers.get(plugin._rules.of(call).charges[0].key) == 3


async def test_tokens_are_reserved_and_settled() -> None:
    """While an answer runs its estimate is taken; afterwards it is what the model counted."""
    plugin = limiting(EVERYTHING)
    call = mine(options=Options(num_predict=500))
    async with aclosing(plugin.around_inference(Model(*HELLO).infer)(call)) as chunks:
        await anext(chunks)
        assert call.headers["x-ratelimit-limit-tokens"] == "1000"
        assert call.headers["x-ratelimit-remaining-tokens"] == "499"
        with pytest.raises(RateLimited) as caught:
            await left(plugin, options=Options(num_predict=500))
        assert caught.value.type == "tokens"
        async for _ in chunks:
            pass
    assert await left(plugin) == (99, 1000 - 7)


async def test_a_debt_keeps_the_next_call_out() -> None:
    """Who took more than was reserved has it counted, beyond the limit too."""
    plugin = limiting(EVERYTHING)
    last = Chunk(done=True, prompt_eval_count=900, eval_count=300)
    await all_of(plugin.around_inference(Model(last).infer), mine())
    with pytest.raises(RateLimited, match="0 of 1000 tokens per hour are left"):
        await left(plugin, options=Options(num_predict=0))


async def test_a_request_above_the_whole_limit_is_not_for_a_retry() -> None:
    """What will never fit is refused without a wait, and takes nothing."""
    plugin = limiting(EVERYTHING)
    with pytest.raises(RateLimited, match="your key has 1000 tokens per hour") as caught:
        await left(plugin, options=Options(num_predict=1000))
    assert caught.value.headers()["x-should-retry"] == "false"
    assert await left(plugin) == (100, 1000)


async def test_an_answer_from_the_cache_takes_no_tokens(tmp_path: Path) -> None:
    """It counts as a request; no model worked for it."""
    rule = '{ kind = "chat", requests = "9/minute", tokens = "1000/minute" }'
    body = asking(options={"temperature": 0})
    async with serving(tmp_path, f"{CHAIN} cache", rules(rule), x_api_key=KEY) as (_, client):
        found = [await client.post("/api/chat", json=body) for _ in range(4)]
    assert [each.headers["x-localai-cache"] for each in found] == ["miss", "hit", "hit", "hit"]
    requests = [each.headers["x-ratelimit-remaining-requests"] for each in found]
    tokens = [each.headers["x-ratelimit-remaining-tokens"] for each in found]
    assert requests == ["8", "7", "6", "5"]
    assert len(set(tokens[1:])) == 1


async def test_loading_a_model_takes_a_request_only() -> None:
    """It has no prompt and no answer."""
    plugin = limiting(EVERYTHING)
    call = mine(messages=())
    await all_of(plugin.around_inference(Model(HELLO[-1]).infer), call)
    assert "x-ratelimit-limit-tokens" not in call.headers
    assert await left(plugin) == (99, 1000)


async def whole(handler: Handler) -> None:
    """Read an answer to its end."""
    await all_of(handler, mine())


async def closed(handler: Handler) -> None:
    """Leave after the first chunk."""
    async with aclosing(handler(mine())) as chunks:
        await anext(chunks)


async def cancelled(handler: Handler) -> None:
    """Be cancelled while the model thinks."""
    call = mine()
    task = asyncio.create_task(all_of(handler, call))
    async with asyncio.timeout(5):
        while not call.headers.get("x-thinking"):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def failing(handler: Handler) -> None:
    """Read an answer that fails."""
    with pytest.raises(UpstreamFailed):
        await all_of(handler, mine())


async def thinking(call: Call) -> Chunks:
    """Say nothing, ever, but that it thinks."""
    call.headers["x-thinking"] = "yes"
    await asyncio.Event().wait()
    yield HELLO[0]


def broken(*chunks: Chunk) -> Handler:
    """Return a model that fails after these chunks."""
    return Model(*chunks, failure=UpstreamFailed("broken")).infer


@pytest.mark.parametrize(
    ("ends", "model", "tokens"),
    [
        (whole, Model(*HELLO).infer, 7),
        (closed, Model(*HELLO).infer, 2),
        (cancelled, thinking, 1),
        (failing, broken(), 0),
        (failing, broken(*HELLO[:2]), 3),
    ],
)
async def test_every_end_of_an_answer_is_settled(
    ends: Callable[[Handler], Any], model: Handler, tokens: int
) -> None:
    """Read, left, cancelled or failed: tokens are what was taken, and the slot is free."""
    plugin = limiting(EVERYTHING)
    handler = plugin.around_inference(model)
    await ends(handler)
    assert (await plugin.health())["running"] == 0
    assert await left(plugin) == (99, 1000 - tokens)


@pytest.mark.parametrize(
    ("ends", "model", "tokens"),
    [
        (whole, Model(*HELLO).infer, 7),
        (closed, Model(*HELLO).infer, 2),
        (cancelled, thinking, 1),
        (failing, broken(), 0),
        (failing, broken(*HELLO[:2]), 3),
    ],
)
async def test_every_end_of_an_answer_is_settled_in_redis(
    redis: Redis, ends: Callable[[Handler], Any], model: Handler, tokens: int
) -> None:
    """The same holds where the limits are shared, also when the caller is cancelled."""
    plugin = limiting(EVERYTHING, storage=Secret(redis.url), timeout=5)
    async with plugin._limiter.running():
        await whole(plugin.around_inference(Model(HELLO[-1].replace(eval_count=0)).infer))
        await ends(plugin.around_inference(model))
        await asyncio.gather(*plugin._limiter._settling)
        report = await plugin.health()
        assert (report["running"], report["fallback"]) == (0, False)
        assert await left(plugin) == (98, 1000 - 5 - tokens)
    async with plugin._limiter.running():
        found = [
            await plugin._limiter.take(plugin._rules.of(mine()), 1)
            for _ in range(EVERYTHING.concurrent)
        ]
        assert len(found) == 2


async def test_only_so_many_answers_run_at_a_time() -> None:
    """One more is refused until one has ended; another key has slots of its own."""
    plugin = limiting(EVERYTHING)
    handler = plugin.around_inference(Model(*HELLO).infer)
    async with AsyncExitStack() as stack:
        for _ in range(2):
            await anext(await stack.enter_async_context(aclosing(handler(mine()))))
        with pytest.raises(RateLimited, match="2 requests at a time") as caught:
            await all_of(handler, mine())
        assert caught.value.headers()["retry-after"] == "1"
        await all_of(handler, mine().replace(principal=ME.replace(id="key:other")))
    assert await left(plugin) == (98, 1000 - 4)


async def test_whoever_has_read_the_end_may_ask_again_at_once() -> None:
    """The slot is free when the last chunk is passed on, not only after it."""
    plugin = limiting(Rule(concurrent=1))
    handler = plugin.around_inference(Model(*HELLO).infer)
    async with aclosing(handler(mine())) as chunks:
        async for chunk in chunks:
            if chunk.done:
                await all_of(handler, mine())


async def test_own_limits_of_a_key_hold() -> None:
    """A key's own limits replace the rules' and are shown in the headers."""
    plugin = limiting(Rule(requests="100/hour"))
    own = ME.replace(limits=Limits(requests="3/day"))
    call = mine().replace(principal=own)
    await all_of(plugin.around_inference(Model(*HELLO).infer), call)
    assert call.headers["x-ratelimit-limit-requests"] == "3"


async def test_a_client_that_leaves_a_stream_is_settled(tmp_path: Path) -> None:
    """Over HTTP a broken connection frees the slot, and what it had of the answer counts."""
    rule = '{ kind = "chat", tokens = "1000/minute", concurrent = 1 }'
    chain = f"{CHAIN} endless"
    more = rules(rule, more=ENDLESS)
    async with serving(tmp_path, chain, more, x_api_key=KEY) as (router, client):
        for _ in range(3):
            await leaves(client, router)
        report = (await client.get("/health")).json()
        (limits,) = (each["report"] for each in report["plugins"] if each["name"] == "auth.limits")
        assert (limits["running"], limits["keys"], limits["storage"]) == (0, 1, "memory")
        async with client.stream("POST", "/api/chat", json=asking(stream=True)) as answer:
            left = int(answer.headers["x-ratelimit-remaining-tokens"])
    assert left == 1000 - 3 * 2 - 1 - ANSWER


async def test_who_owns_the_machine_is_not_limited(tmp_path: Path) -> None:
    """While no key is set up, callers on this machine may ask as often as they like."""
    more = '[plugins.auth.limits]\nrules = [{ kind = "chat", requests = "2/minute" }]\n'
    async with serving(tmp_path, CHAIN, more) as (_, client):
        for _ in range(5):
            assert (await client.post("/api/chat", json=asking())).status_code == 200


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ('rules = [{ requests = "60/minuet" }]', "'60/minuet' is not one rate: write it as 60/"),
        ('failures = "often"', "'often' is not one rate"),
        ('rules = [{ per = "tenant" }]', "limits nothing"),
        ('rules = [{ per = "moon", requests = "1/day" }]', "moon"),
        ('storage = "postgres://box"', 'must be "memory" or "redis://HOST:PORT/DB"'),
        ('storage = "redis://:hunter2@box:port"', "write it as redis://HOST:6379/0"),
        ("max_keys = 0", "max_keys"),
    ],
)
def test_a_mistake_is_said_with_its_place(tmp_path: Path, settings: str, message: str) -> None:
    """The message names the file and the table, quotes what is wrong, and hides passwords."""
    toml = f'[chain]\nplugins = ["auth.limits"]\n[plugins.auth.limits]\n{settings}\n'
    with pytest.raises(SettingsError) as caught:
        load(parse(toml, tmp_path / "localai.toml"))
    assert str(caught.value).startswith(f"{tmp_path}/localai.toml:")
    assert message in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_memory_needs_no_redis() -> None:
    """Who keeps limits in memory does not pay for loading a client for Redis."""
    code = (
        "import sys; from plugins.auth.limits.plugin import RateLimits as P; P(P.Config()); "
        "sys.exit(sorted({'redis', 'coredis', 'sqlalchemy'} & set(sys.modules)) or None)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
